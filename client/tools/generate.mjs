// Writes src/schema.ts and src/operations.ts from openapi.yaml.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'
import { parse } from 'yaml'

const OPENAPI = new URL('../../openapi.yaml', import.meta.url)
const METHODS = ['get', 'put', 'post', 'delete'] // wx.request has no PATCH; PUT does the same

// The client has its own methods for these, which keep the session.
const OF_THE_SESSION = new Set(['login', 'refresh', 'logout', 'deleteMe'])
// Requests of WeChat's servers, not of clients.
const OF_WECHAT = new Set(['verifyPush', 'receivePush'])

export async function generate() {
  const source = await readFile(OPENAPI, 'utf8')
  return {
    'src/schema.ts': `// Generated from openapi.yaml by \`npm run generate\`.\n\n${astToString(await openapiTS(OPENAPI))}`,
    'src/operations.ts': operations(parse(source)),
  }
}

function operations(api) {
  const all = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => describe(api, path, item, method)),
  )
  const own = all.filter(({ id, path }) => !OF_THE_SESSION.has(id) && !OF_WECHAT.has(id) && path.startsWith('/v1/'))
  return `// Generated from openapi.yaml by \`npm run generate\`.

import type { Body, CallOptions, Query, Success } from './types'

/** The API's operations. What an operation returns is the response's body. */
export interface Operations {
${own.map(signature).join('\n')}
}

/** Name, method and path, without its /v1; before them \`-\` for no access token, after them \`=\` for a body, \`#\` for an idempotency key, \`?\` for a query. */
export const OPERATIONS = \`
${own.map(({ id, entry }) => `${id} ${entry}`).join('\n')}
\`
`
}

function describe(api, path, item, method) {
  const operation = item[method]
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => resolve(api, one))
  const query = parameters.filter(({ in: place }) => place === 'query')
  return {
    id: operation.operationId,
    path,
    summary: operation.summary,
    ids: [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name),
    hasBody: 'requestBody' in operation,
    hasQuery: query.length > 0,
    needsQuery: query.some(({ required }) => required),
    entry: [
      operation.security?.length === 0 ? '-' : '',
      `${method.toUpperCase()} ${path.slice('/v1'.length)}`,
      'requestBody' in operation ? '=' : '',
      parameters.some(({ name }) => name === 'Idempotency-Key') ? '#' : '',
      query.length ? '?' : '',
    ].join(''),
  }
}

function resolve(api, object) {
  if (!object.$ref) return object
  return object.$ref.slice(2).split('/').reduce((at, key) => at[key], api)
}

function signature({ id, summary, ids, hasBody, hasQuery, needsQuery }) {
  const parameters = ids.map((name) => `${name}: string`)
  if (hasBody) parameters.push(`body: Body<'${id}'>`)
  if (hasQuery) parameters.push(`query${needsQuery ? '' : '?'}: Query<'${id}'>`)
  parameters.push('options?: CallOptions')
  return `  /** ${summary} */\n  ${id}(${parameters.join(', ')}): Promise<Success<'${id}'>>`
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [path, text] of Object.entries(await generate())) {
    await writeFile(new URL(`../${path}`, import.meta.url), text)
  }
}
