import { clientError } from './error'
import type { FileOptions, Platform, UploadRequest } from './types'
import { ask } from './wait'

export interface File {
  path: string
  size: number
  content_type: UploadRequest['content_type']
}

const MB = 1024 * 1024

// What each type begins with. Others that the server accepts need the option `contentType`.
const SIGNATURES: [RegExp, File['content_type']][] = [
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^\x89PNG/, 'image/png'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF[^]{4}WEBP/, 'image/webp'],
  [/^[^]{4}ftypqt/, 'video/quicktime'],
  [/^[^]{4}ftyp(iso|mp4|avc1|M4V|3g)/, 'video/mp4'],
  [/^%PDF-/, 'application/pdf'],
]

/** A file as it will be sent: its exact size and its type, compressed if it was too large. */
export async function prepare(platform: Platform, path: string, options: FileOptions): Promise<File> {
  const most = options.maxBytes || (options.purpose === 'avatar' ? 2 : 10) * MB
  let file = await inspect(platform, path, options.contentType)
  const compressible = platform.compressImage && /jpeg|png/.test(file.content_type)
  for (let quality = 80; file.size > most && compressible && quality; quality -= 20) {
    const { tempFilePath } = await ask(platform, 'compressImage', { src: path, quality }, unreadable(path))
    file = await inspect(platform, tempFilePath)
  }
  if (file.size > most) throw clientError('too_large', `${path}: ${file.size} bytes, ${most} allowed`)
  return file
}

async function inspect(platform: Platform, path: string, contentType?: File['content_type']): Promise<File> {
  const { size } = await ask(platform.getFileSystemManager(), 'getFileInfo', { filePath: path }, unreadable(path))
  if (!size) throw clientError('empty', path)
  return { path, size, content_type: contentType || typeOf(path, await bytesOf(platform, path, Math.min(12, size))) }
}

/** The first `length` bytes, or all. */
export function bytesOf(platform: Platform, filePath: string, length?: number): Promise<ArrayBuffer> {
  const part = length ? { filePath, position: 0, length } : { filePath }
  return ask(platform.getFileSystemManager(), 'readFile', part, unreadable(filePath)).then(({ data }) => data as ArrayBuffer)
}

/** By the bytes: a phone's file names and `wx.getImageInfo` do not know WebP. */
function typeOf(path: string, data: ArrayBuffer): File['content_type'] {
  const start = String.fromCharCode(...new Uint8Array(data))
  const found = SIGNATURES.find(([signature]) => signature.test(start))
  if (!found) throw clientError('unknown_type', `${path}: pass contentType`)
  return found[1]
}

function unreadable(path: string) {
  return (message: string) => clientError('unreadable', `${path}: ${message}`)
}
