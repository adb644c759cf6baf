/** Waits until the condition holds and returns what it returned; fails after the deadline with what was seen last. */
export async function until(condition, { what = String(condition), ms = 10000, seen = () => '' } = {}) {
  const deadline = Date.now() + ms
  for (;;) {
    const result = await condition()
    if (result) return result
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}\n${seen()}`)
    await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
}
