// Compiled, not run: `wx` as WeChat's own typings describe it is a platform, and a program that uses the client has types.
import { ApiError, createClient } from '../../miniprogram_dist/index'

const client = createClient({ baseUrl: 'https://api.example.com', platform: wx })

export async function use(path: string): Promise<string | null> {
  const { user, isNew } = await client.signIn()
  await client.changeMe({ nickname: isNew ? '小明' : null }, { ifMatch: '"1"' })
  // @ts-expect-error There is no such field.
  await client.changeMe({ nick: '小明' })
  const page = await client.listUploads({ limit: 20 })
  const names: string[] = page.items.map(({ content_type }) => content_type)
  const { status, body, etag } = await client.call('GET', '/v1/users/me', { ifNoneMatch: '"1"' })
  // @ts-expect-error The path has no POST.
  await client.call('POST', '/v1/users/me')
  const order = await client.call<{ id: string }>('POST', '/v1/orders', { body: { item: 1 }, idempotencyKey: '1' })
  const task = client.upload(path, { purpose: 'avatar', onProgress: ({ sent, total }) => console.log(sent / total) })
  task.cancel()
  for (const { upload, error } of await client.uploadAll([path])) console.log(error ? error.code : upload.id)
  client.onChange((state) => console.log(state === 'blocked'))
  try {
    await client.deleteAccount()
  } catch (error) {
    if (error instanceof ApiError && error.kind === 'network') console.log(error.retryAfter, error.fields)
  }
  return [user.id, names, status, body.nickname, etag, order.body.id].join() || null
}
