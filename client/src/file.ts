import { ApiError } from './error'
import type { FileOptions, Platform, UploadRequest } from './types'
import { promised } from './wait'

export interface File {
  path: string
  size: number
  contentType: UploadRequest['content_type']
}

type ContentType = File['contentType']

const MB = 1024 * 1024
const QUALITIES = [80, 60, 40, 20]

/** A file as it will be sent: its exact size and its type, compressed if it was too large. */
export async function prepare(platform: Platform, path: string, options: FileOptions): Promise<File> {
  const most = options.maxBytes || (options.purpose === 'avatar' ? 2 : 10) * MB
  let file = await inspect(platform, path, options.contentType)
  for (const quality of file.size > most && isCompressible(platform, file) ? QUALITIES : []) {
    const { tempFilePath } = await reading<{ tempFilePath: string }>(path, (callbacks) =>
      (platform as Required<Platform>).compressImage({ src: path, quality, ...callbacks }),
    )
    file = await inspect(platform, tempFilePath)
    if (file.size <= most) break
  }
  if (file.size > most) throw refusal('too_large', `${path} has ${file.size} bytes, and ${most} are allowed`)
  if (!file.size) throw refusal('empty', `${path} is empty`)
  return file
}

function isCompressible(platform: Platform, { contentType }: File): boolean {
  return !!platform.compressImage && /jpeg|png/.test(contentType)
}

async function inspect(platform: Platform, path: string, known?: ContentType): Promise<File> {
  const files = platform.getFileSystemManager()
  const { size } = await reading<{ size: number }>(path, (callbacks) => files.getFileInfo({ filePath: path, ...callbacks }))
  const contentType = known || typeOf(path, await bytesOf(platform, path, Math.min(12, size)))
  return { path, size, contentType }
}

/** The first `length` bytes, or all. */
export async function bytesOf(platform: Platform, path: string, length?: number): Promise<ArrayBuffer> {
  const part = length === undefined ? {} : { position: 0, length }
  const files = platform.getFileSystemManager()
  if (length === 0) return new ArrayBuffer(0)
  const { data } = await reading<{ data: string | ArrayBuffer }>(path, (callbacks) =>
    files.readFile({ filePath: path, ...part, ...callbacks }),
  )
  return data as ArrayBuffer
}

function reading<T>(path: string, start: Parameters<typeof promised<T>>[0]): Promise<T> {
  return promised<T>(start).catch((cause) => {
    throw refusal('unreadable', `${path}: ${(cause && cause.errMsg) || cause}`)
  })
}

// Offset and text of what each type begins with; of several, the first that fits.
const SIGNATURES: [number, string, ContentType][] = [
  [0, '\xff\xd8\xff', 'image/jpeg'],
  [0, '\x89PNG', 'image/png'],
  [0, 'GIF8', 'image/gif'],
  [8, 'WEBP', 'image/webp'],
  [0, 'BM', 'image/bmp'],
  [0, '%PDF-', 'application/pdf'],
  [0, 'ID3', 'audio/mpeg'],
  [0, '\xff\xfb', 'audio/mpeg'],
  [0, '\x1aE\xdf\xa3', 'video/webm'],
  [4, 'ftyphei', 'image/heif'],
  [4, 'ftypmif1', 'image/heif'],
  [4, 'ftypavif', 'image/avif'],
  [4, 'ftypqt', 'video/quicktime'],
  [4, 'ftypM4A', 'audio/m4a'],
  [4, 'ftyp', 'video/mp4'],
]

/** By the bytes: a phone's file names and `wx.getImageInfo` do not know WebP. */
function typeOf(path: string, data: ArrayBuffer): ContentType {
  const text = String.fromCharCode.apply(undefined, Array.from(new Uint8Array(data)))
  const found = SIGNATURES.filter(([offset, start]) => text.substr(offset, start.length) === start)[0]
  if (!found) throw refusal('unknown_type', `${path}: the type is not known, pass contentType`)
  return found[2]
}

function refusal(code: string, message: string): ApiError {
  return new ApiError('client', message, { code })
}
