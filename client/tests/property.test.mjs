// Random calls, faults and restarts; what must hold whatever comes. SEED=n repeats one sequence, SEQUENCES=n makes more.
import assert from 'node:assert/strict'
import test from 'node:test'
import { asAdmin, isLive, newPhone, stored, until } from './support.mjs'

const SEQUENCES = Number(process.env.SEQUENCES ?? 24)
const STEPS = 16
const SETTLE = 30_000
const FAULTY = ['POST /v1/login', 'POST /v1/login/refresh', 'POST /v1/logout', 'DELETE /v1/users/me', 'GET /v1/users/me']

/** mulberry32 */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

class Run {
  steps = []
  pending = new Set()
  /** Somebody asked for this since the last signIn(). */
  signedOut = false
  deleted = false
  signIns = 0
  user = undefined

  constructor(seed) {
    this.random = random(seed)
    this.phone = newPhone()
    this.client = this.phone.start()
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)]
  }

  /** Notes whether the promise settles; those of a program that is ended need not. */
  watch(name, promise) {
    const entry = { name, program: this.client }
    this.pending.add(entry)
    const settled = Promise.resolve(promise).then(
      (value) => ({ value }),
      (error) => {
        assert.equal(error.name, 'ApiError', `${name} rejects with ${error.stack}`)
        return { error }
      },
    )
    return (entry.settled = settled.finally(() => this.pending.delete(entry)))
  }

  actions = {
    signIn: () => {
      this.signedOut = this.deleted = false
      this.signIns += 1
      return this.watch('signIn', this.client.signIn()).then(({ value }) => (this.user = value?.user.id ?? this.user))
    },
    logout: () => {
      this.signedOut = true
      return this.watch('logout', this.client.logout())
    },
    deleteAccount: () => {
      const program = this.client
      if (['signed_out', 'deletion_unconfirmed', 'blocked'].includes(program.state)) return
      this.signedOut = true
      const { signIns } = this
      return this.watch('deleteAccount', program.deleteAccount()).then(({ error }) => {
        if (!error && signIns === this.signIns) this.deleted = true
      })
    },
    readMe: () => this.watch('readMe', this.client.readMe()),
    readTwice: () => Promise.all([this.actions.readMe(), this.actions.readMe()]),
    restart: () => {
      this.pending.clear()
      this.client = this.phone.start()
    },
    tomorrow: () => void (this.phone.clock += 24 * 60 * 60 * 1000),
    clockBack: () => void (this.phone.clock -= 60 * 60 * 1000),
    aeroplane: () => void (this.phone.network.offline = !this.phone.network.offline),
    hide: () => this.phone.hide(),
    show: () => this.phone.show(),
    fault: () => this.phone.network.fault(this.pick(FAULTY), this.pick(['drop', 'lose', 'lose']), this.pick([1, 1, 3])),
  }

  async step() {
    const name = this.pick(['signIn', 'signIn', 'logout', 'deleteAccount', 'readMe', 'readMe', 'readTwice', 'restart', 'tomorrow', 'clockBack', 'aeroplane', 'hide', 'show', 'show', 'fault', 'fault'])
    const isAwaited = this.random() < 0.5
    this.steps.push(isAwaited ? `${name}, awaited` : name)
    const done = this.actions[name]()
    if (isAwaited && done && !this.phone.network.background) await done
    else await new Promise((resolve) => setTimeout(resolve, this.random() * 60))
    this.check()
  }

  check() {
    if (this.signedOut) assert.notEqual(this.client.state, 'signed_in', 'signed in after signing out')
  }

  /** With the faults gone, everything that was begun comes to its end. */
  async end() {
    this.phone.network.forgetFaults()
    this.phone.network.offline = false
    this.phone.show()
    const late = setTimeout(() => assert.fail(`not settled: ${[...this.pending].map(({ name }) => name)}`), SETTLE)
    await Promise.all([...this.pending].map(({ settled }) => settled))
    clearTimeout(late)
    this.check()
    this.client = this.phone.start()
    await until(() => !this.phone.storage.size || (stored(this.phone).ending.length === 0 && !stored(this.phone).deletion))
    await new Promise((resolve) => setImmediate(resolve))
    this.check()
    await this.countLive()
  }

  /** Of the sessions that the client was given, its own at most is still alive. */
  async countLive() {
    const last = new Map(this.phone.network.sessions.map(({ refresh_token: token }) => [token.split('.')[1], token]))
    let live = 0
    for (const token of last.values()) live += (await isLive(token)) ? 1 : 0
    const { state } = this.client
    assert.ok(live <= (state === 'signed_in' ? 1 : 0), `${live} live sessions in state ${state}`)
    if (this.deleted && this.user) assert.equal((await asAdmin('GET', `/v1/users/${this.user}`)).status, 404)
  }
}

async function sequence(seed) {
  const run = new Run(seed)
  try {
    for (let n = 0; n < STEPS; n += 1) await run.step()
    await run.end()
  } catch (error) {
    error.message += `\nSEED=${seed}: ${run.steps.join('; ')}`
    throw error
  }
}

test('whatever happens: one session at most, none after signing out, and every promise settles', async () => {
  const seeds = process.env.SEED ? [Number(process.env.SEED)] : Array.from({ length: SEQUENCES }, (_, n) => n + 1)
  while (seeds.length) await Promise.all(seeds.splice(0, 8).map(sequence))
})
