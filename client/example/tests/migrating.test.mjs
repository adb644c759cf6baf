// The commands of docs/migrating.md, run as they are written there.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { API, Phone, WITHOUT_STACK, newPerson } from './support/phone.mjs'


const documents = ['migrating.md', 'migrating.zh.md'].map((name) => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8'))
const commandsOf = (text) => [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block.replace(/^ {3}/gm, ''))
const withoutComments = (block) => block.replace(/ *#.*$/gm, '')

/** Runs commands in an empty folder with these files in it; returns what they wrote into another. */
function run(commands, files, result) {
  const folder = mkdtempSync(join(tmpdir(), 'migrating-'))
  Object.entries(files).forEach(([name, lines]) => writeFileSync(join(folder, name), lines.map((line) => `${JSON.stringify(line)}\n`).join('')))
  const env = { ...process.env, API, CODE: `admin-${Date.now()}` }
  const { status, stderr } = spawnSync('bash', ['-ec', commands], { cwd: folder, env, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return readFileSync(join(folder, result), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
}

test('both languages have the same commands', () => {
  const [english, chinese] = documents.map((text) => commandsOf(text).map(withoutComments))
  assert.deepEqual(english, chinese)
})

const [shape, register] = commandsOf(documents[0])
const [leanCloud, cloudBase] = shape.split(/^(?=# )/m)

test('LeanCloud\'s users: those who came by WeChat, without what is missing', () => {
  const users = run(leanCloud, {
    '_User.jsonl': [
      { objectId: 'a', username: 'x9', nickName: '小明', email: 'm@example.com', authData: { lc_weapp: { openid: 'oMing' } } },
      { objectId: 'b', username: 'x8', authData: { lc_weapp: { openid: 'oHong' } } },
      { objectId: 'c', username: 'web', authData: null },
    ],
  }, 'users.jsonl')
  assert.deepEqual(users, [{ old_id: 'a', openid: 'oMing', nickname: '小明', email: 'm@example.com' }, { old_id: 'b', openid: 'oHong' }])
})

test('CloudBase\'s users', () => {
  const users = run(cloudBase, { 'users.json': [{ _id: 'a', _openid: 'oMing', nickName: '小明' }] }, 'users.jsonl')
  assert.deepEqual(users, [{ old_id: 'a', openid: 'oMing', nickname: '小明' }])
})

test('a registered user opens the mini-program and is signed in', { skip: WITHOUT_STACK, timeout: 60000 }, async () => {
  const person = newPerson()
  const users = [{ old_id: 'a', openid: person, nickname: '小明' }, { old_id: 'b', openid: newPerson(), email: 'none' }]
  const moved = run(register, { 'users.jsonl': users }, 'moved.jsonl')
  assert.match(moved[0].id, /^u/)
  assert.deepEqual([moved[1].code, moved[1].errors[0].field], ['invalid_request', 'email'])

  const phone = new Phone(person).start()
  const home = phone.open('home')
  await home.shown
  assert.match(home.text, /你好，小明/)
  assert.equal(home.find('.mono').text, moved[0].id)

  assert.deepEqual(run(register, { 'users.jsonl': users.slice(0, 1) }, 'moved.jsonl'), [{ old_id: 'a', code: 'user_exists' }])
})
