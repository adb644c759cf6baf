import assert from 'node:assert/strict'
import test from 'node:test'
import { api, count, failure, PNG, signedIn, stored, until } from './support.mjs'

const BATCH = 'POST /v1/uploads/batch'
const VERDICT = '/v1/uploads/0' // ids begin with the time

/** A PNG of some size; whatever follows its last chunk is ignored. */
const png = (size) => Buffer.concat([PNG, Buffer.alloc(size - PNG.length)])

async function withFile(bytes = PNG, options) {
  const all = await signedIn(options)
  return { ...all, path: all.phone.file('picture', bytes) }
}

test('an avatar is sent with its exact size and becomes the profile picture', async () => {
  const { client, path } = await withFile()
  const progress = []
  const upload = await client.upload(path, { purpose: 'avatar', onProgress: (one) => progress.push(one) })
  assert.deepEqual([upload.status, upload.content_type, upload.size], ['ready', 'image/png', PNG.length])
  assert.deepEqual({ ...progress.at(-1) }, { sent: PNG.length, total: PNG.length })
  assert.ok((await client.readMe()).avatar_url)
})

test('the type comes from the bytes, WebP included', async () => {
  const { phone, client } = await signedIn()
  const webp = Buffer.concat([Buffer.from('RIFF\n\0\0\0WEBP'), Buffer.alloc(20)])
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(20)])
  const types = async (bytes) => {
    const error = await client.upload(phone.file('some.jpg', bytes)).then((upload) => ({ upload }), (error) => error)
    return error.upload.content_type
  }
  assert.equal(await types(webp), 'image/webp')
  assert.equal(await types(jpeg), 'image/jpeg')
  assert.equal(await types(Buffer.from('GIF89a' + '\0'.repeat(20))), 'image/gif')
})

test('what cannot be uploaded is refused before anything is sent', async () => {
  const { phone, client } = await signedIn()
  const refusals = [
    ['unknown_type', phone.file('text', Buffer.from('hello, world!!'))],
    ['empty', phone.file('empty', Buffer.alloc(0))],
    ['unreadable', 'wxfile://nowhere'],
    ['too_large', phone.file('long.gif', Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(2 * 1024 * 1024)])), { purpose: 'avatar' }],
  ]
  for (const [code, path, options] of refusals) {
    const error = await failure(client.upload(path, options))
    assert.deepEqual([error.kind, error.code], ['client', code])
  }
  assert.equal(phone.network.calls.length, 0)
})

test('a picture that is too large is compressed', async () => {
  const { client, path } = await withFile(png(1500))
  const upload = await client.upload(path, { maxBytes: 1000 })
  assert.equal(upload.size, 900)
})

test('a file that is not what it was declared to be is rejected, with the reason', async () => {
  const { client, path } = await withFile()
  const error = await failure(client.upload(path, { contentType: 'image/jpeg' }))
  assert.deepEqual([error.kind, error.code, error.upload.reason], ['client', 'upload_rejected', 'type_mismatch'])
})

test('a PUT sends the bytes, and 412 means that they were stored', async () => {
  const { phone, client, path } = await withFile()
  phone.network.fault('X-Amz-Signature', 'lose')
  phone.network.fault(VERDICT, () => ({ status: 200, headers: {}, text: '{"status":"pending"}' })) // so it is sent again
  const upload = await client.upload(path, { method: 'PUT' })
  assert.equal(upload.status, 'ready')
  assert.deepEqual(phone.network.calls.filter(({ method }) => method === 'PUT').map(({ status }) => status), [200, 412])
})

test('a refusal of S3 has the code of its XML', async () => {
  const { phone, client, path } = await withFile()
  const refuse = (_, init) => void init.body.set('policy', 'e30=')
  phone.network.fault(bucket(), refuse, 2)
  const error = await failure(client.upload(path))
  assert.deepEqual([error.kind, error.status], ['storage', 403])
  assert.match(error.code, /^[A-Z]\w+$/)
})

test('409 from S3 is a request to send the file again', async () => {
  const { phone, client, path } = await withFile()
  const conflict = '<Error><Code>OperationAborted</Code><Message>A conflicting operation is in progress.</Message></Error>'
  phone.network.fault(bucket(), () => ({ status: 409, headers: {}, text: conflict }))
  assert.equal((await client.upload(path)).status, 'ready')
  assert.equal(phone.network.calls.filter(({ url }) => url.includes(bucket())).length, 2)
})

test('a verdict is waited for a minute, with growing pauses', async () => {
  const { phone, client, path } = await withFile()
  phone.faster = 100
  phone.network.fault(VERDICT, () => ({ status: 200, headers: {}, text: '{"status":"pending"}' }), 1000)
  const error = await failure(client.upload(path))
  assert.deepEqual([error.kind, error.code, error.upload.status], ['client', 'upload_pending', 'pending'])
  const polls = phone.network.calls.filter(({ url }) => url.includes(VERDICT)).length
  assert.ok(polls > 20 && polls < 40, `${polls} polls`)
})

test('a ticket that has expired is replaced once, with the same key', async () => {
  const { phone, client, path } = await withFile()
  const expired = () => ({ status: 403, headers: {}, text: '<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>' })
  phone.network.fault(bucket(), expired)
  assert.equal((await client.upload(path)).status, 'ready')
  const keys = phone.network.calls.filter(({ path: at }) => at === '/v1/uploads/batch').map(({ header }) => header['idempotency-key'])
  assert.equal(keys.length, 2)
  assert.equal(keys[0], keys[1])
  assert.equal((await client.listUploads()).items.length, 1)
})

test('a file whose response is lost is not sent again once it has arrived', async () => {
  const { phone, client, path } = await withFile()
  const token = stored(phone).session.access
  const verified = () => until(async () => (await api('GET', '/v1/uploads', { token })).body.items[0].status !== 'pending')
  phone.network.fault(bucket(), 'lose')
  phone.network.fault(VERDICT, verified)
  assert.equal((await client.upload(path)).status, 'ready')
  assert.equal(phone.network.calls.filter(({ url }) => url.includes(bucket())).length, 1)
})

// ---- aeroplane mode

for (const [step, match, after] of [
  ['before the ticket', BATCH, false],
  ['after the ticket', BATCH, true],
  ['while the file is sent', 'bucket', false],
  ['after the file was sent', 'bucket', true],
  ['while the verdict is waited for', VERDICT, true],
]) {
  test(`aeroplane mode ${step}: the upload rejects, and a second one succeeds`, async () => {
    const { phone, client, path } = await withFile()
    const gate = phone.network.hold(match === 'bucket' ? bucket() : match, { after })
    const task = client.upload(path)
    const outcome = failure(task)
    await gate.arrived
    phone.network.offline = true
    phone.network.fault(match === 'bucket' ? bucket() : match, 'drop')
    phone.network.interrupt()
    phone.show()
    gate.release()
    assert.equal((await outcome).kind, 'network')
    phone.network.offline = false
    assert.equal((await client.upload(path)).status, 'ready')
  })

  test(`a short break ${step} is not noticed`, async () => {
    const { phone, client, path } = await withFile()
    phone.network.fault(match === 'bucket' ? bucket() : match, after ? 'lose' : 'drop')
    assert.equal((await client.upload(path)).status, 'ready')
    assert.equal((await client.listUploads()).items.length, 1)
  })
}

// ---- cancelling

test('cancelling rejects at once, stops the transfer and deletes the upload', async () => {
  const { phone, client, path } = await withFile()
  const gate = phone.network.hold(bucket())
  const task = client.upload(path)
  const outcome = failure(task)
  await gate.arrived
  task.cancel()
  assert.equal((await outcome).kind, 'cancelled')
  gate.release()
  await until(async () => (await client.listUploads()).items.length === 0)
})

test('cancelling while the ticket is asked for deletes the upload too', async () => {
  const { phone, client, path } = await withFile()
  const gate = phone.network.hold(BATCH, { after: true })
  const task = client.upload(path)
  const outcome = failure(task)
  await gate.arrived
  task.cancel()
  gate.release()
  assert.equal((await outcome).kind, 'cancelled')
  await until(async () => (await client.listUploads()).items.length === 0)
})

test('cancelling while the bytes are read sends nothing', async () => {
  const { phone, client, path } = await withFile()
  const gate = phone.network.hold(BATCH, { after: true })
  const task = client.upload(path, { method: 'PUT' })
  const outcome = failure(task)
  await gate.arrived
  let read
  phone.reading = new Promise((resolve) => (read = resolve))
  gate.release()
  await until(async () => (await client.listUploads()).items.length === 1)
  task.cancel()
  read()
  assert.equal((await outcome).kind, 'cancelled')
  await until(async () => (await client.listUploads()).items.length === 0)
  assert.equal(phone.network.calls.filter(({ method }) => method === 'PUT').length, 0)
})

test('cancelling what is done changes nothing', async () => {
  const { client, path } = await withFile()
  const task = client.upload(path)
  const { id } = await task
  task.cancel()
  assert.equal((await client.readUpload(id)).status, 'ready')
})

test('cancelling several keeps what is done, and deletes the rest', async () => {
  const { phone, client } = await signedIn()
  const paths = Array.from({ length: 6 }, (_, n) => phone.file(`some${n}`, png(100 + n)))
  const done = []
  const task = client.uploadAll(paths, {
    concurrency: 2,
    onResult: ({ upload }) => {
      done.push(upload.id)
      task.cancel()
    },
  })
  assert.equal((await failure(task)).kind, 'cancelled')
  await until(async () => (await client.listUploads()).items.length === 1)
  assert.deepEqual((await client.listUploads()).items.map(({ id }) => id), done)
})

// ---- several

test('23 files go in two batches, some at a time, and each is reported', async () => {
  const { phone, client } = await signedIn()
  const paths = Array.from({ length: 23 }, (_, n) => phone.file(`many${n}`, png(100 + n)))
  const seen = []
  const results = await client.uploadAll(paths, { concurrency: 2, onResult: (result, index) => seen.push([index, result.path]) })
  assert.deepEqual(Array.from(results, ({ path, upload }) => [path, upload.size]), paths.map((path, n) => [path, 100 + n]))
  assert.equal(seen.length, 23)
  assert.equal(phone.network.mostFilesAtOnce, 2)
  assert.equal(count(phone, BATCH), 2)
})

test('a callback that throws changes no result', async () => {
  const { phone, client } = await signedIn()
  const seen = []
  const results = await client.uploadAll([phone.file('one', PNG), 'wxfile://gone', phone.file('two', PNG)], {
    onProgress: () => {
      throw new Error('progress')
    },
    onResult: (_, index) => {
      seen.push(index)
      throw new Error('result')
    },
  })
  assert.deepEqual(Array.from(results, ({ error }) => error?.code), [undefined, 'unreadable', undefined])
  assert.deepEqual(seen.sort(), [0, 1, 2])
  await until(() => phone.errors.filter(({ message }) => message === 'result').length === 3)
})

test('one bad file does not spoil the others', async () => {
  const { phone, client } = await signedIn()
  const good = phone.file('good', PNG)
  const results = await client.uploadAll([good, phone.file('bad', Buffer.from('text only, sorry')), 'wxfile://gone', good])
  assert.deepEqual(Array.from(results, ({ error }) => error?.code), [undefined, 'unknown_type', 'unreadable', undefined])
})

test('a batch that the server refuses for one file is sent without it', async () => {
  const { phone, client } = await signedIn()
  const large = phone.file('large', png(11 * 1024 * 1024))
  const results = await client.uploadAll([phone.file('small', PNG), large], { maxBytes: 2 ** 30 })
  assert.equal(results[0].upload.status, 'ready')
  assert.equal(results[1].error.code, 'invalid_request')
  assert.match(results[1].error.fields[0].field, /size$/)
})

test('an upload that is deleted while its verdict is awaited is an error, not a hang', async () => {
  const { phone, client, path } = await withFile()
  phone.network.fault(bucket(), async () => {
    const [{ id }] = (await client.listUploads()).items
    await client.deleteUpload(id)
  })
  assert.equal((await failure(client.upload(path))).code, 'not_found')
})

test('the profile takes uploads only, never a path on the phone', async () => {
  const { client, path } = await withFile()
  const error = await failure(client.changeMe({ avatar_upload_id: path }))
  assert.equal(error.fields[0].field, 'avatar_upload_id')
  assert.equal((await failure(client.changeMe({ avatar_url: path }))).fields[0].field, 'avatar_url')
})

function bucket() {
  return process.env.STACK_BUCKET_NAME
}
