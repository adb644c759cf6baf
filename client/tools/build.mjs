// Builds what is committed: the file for mini-programs, the module for browsers, and their types.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import ts from 'typescript'

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

// What runs async functions, instead of TypeScript's helper, which is twice as long and has arguments that none of ours uses.
const COROUTINE = `
function coroutine(start) {
    return new Promise((resolve, reject) => {
        const generator = start();
        const step = (method, input) => {
            try {
                const { done, value } = generator[method](input);
                if (done)
                    resolve(value);
                else
                    Promise.resolve(value).then((result) => step('next', result), (error) => step('throw', error));
            }
            catch (error) {
                reject(error);
            }
        };
        step('next');
    });
}
`

const es2015 = {
  name: 'es2015',
  renderChunk(code) {
    const [strict, ...rest] = transpile(code, ts.ScriptTarget.ES2015, { noEmitHelpers: true }).split('\n')
    const body = rest.join('\n').replace(/__awaiter\((this|void 0), void 0, void 0, function\* \(\)/g, 'coroutine(function* ()')
    if (/__[a-z]/.test(body)) throw new Error('a helper of TypeScript\'s is left: an async function uses arguments or has a default')
    return strict + COROUTINE + body
  },
}

const typescript = {
  name: 'typescript',
  async resolveId(id, importer) {
    return importer && id.startsWith('./') ? (await this.resolve(`${id}.ts`, importer, { skipSelf: true })).id : null
  },
  transform: (code, id) => (id.endsWith('.ts') ? transpile(code, ts.ScriptTarget.ES2022) : null),
}

function transpile(code, target, options) {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: {
      target,
      module: ts.ModuleKind.ESNext,
      newLine: ts.NewLineKind.LineFeed,
      useDefineForClassFields: false,
      ...options,
    },
  })
  return outputText
}

/** The text of each file, by its path. */
export async function build() {
  const miniprogram = await code('src/index.ts', 'cjs', [typescript, es2015])
  return {
    'miniprogram_dist/index.js': miniprogram,
    'example/miniprogram/lib/wechat-backend.js': miniprogram,
    'miniprogram_dist/index.d.ts': await code('src/index.ts', 'es', [dts()]),
    'web_dist/index.js': await code('src/web.ts', 'es', [typescript]),
    'web_dist/index.d.ts': await code('src/web.ts', 'es', [dts()]),
  }
}

async function code(input, format, plugins) {
  const bundle = await rollup({ input: here(input), plugins, onwarn: fail })
  const { output } = await bundle.generate({ format, exports: 'named', esModule: false, strict: true })
  await bundle.close()
  return `// Generated from client/src by \`make client\`.\n${output[0].code}`
}

function fail(warning) {
  throw new Error(warning.message)
}

/** Those of the generated files that are not as they would be generated now. */
export async function outdated(files) {
  const current = await Promise.all(
    Object.entries(files).map(async ([path, text]) => [path, (await readFile(here(path), 'utf8').catch(() => '')) === text]),
  )
  return current.filter(([, same]) => !same).map(([path]) => path)
}

export async function write(files) {
  for (const [path, text] of Object.entries(files)) await writeFile(here(path), text)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await write(await build())
