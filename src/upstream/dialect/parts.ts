// The contents of a message, part by part, and what reads them without trust.
import { rejection } from './rejection.ts';

export type Fields = Readonly<Record<string, unknown>>;

export type Part =
  /** `more`: what the caller hung onto it, such as `cache_control`. */
  | { readonly kind: 'text'; readonly text: string; readonly more: Fields }
  /** Base64, or an address. */
  | { readonly kind: 'image' | 'audio' | 'file'; readonly media: Media; readonly more: Fields };

interface Media {
  readonly data: string | null;
  readonly url: string | null;
  /** Null: nobody said. */
  readonly type: string | null;
}

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Blank texts are left out: both APIs refuse them. */
export function partsOf(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content.trim() === '' ? [] : [{ kind: 'text', text: content, more: {} }];
  return listOf(content).flatMap((part, at) => partOf(part, `${path}[${at}]`));
}

function partOf(part: Fields, path: string): Part[] {
  const { type, cache_control } = part;
  const more = cache_control === undefined ? {} : { cache_control };
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
    case 'refusal': {
      const words = text(part['text'] ?? part['refusal']);
      return words.trim() === '' ? [] : [{ kind: 'text', text: words, more }];
    }
    case 'image_url':
    case 'input_image': {
      const image = part['image_url'];
      return [{ kind: 'image', media: mediaOf(isObject(image) ? image['url'] : image, null, path), more }];
    }
    case 'input_audio': {
      const audio = isObject(part['input_audio']) ? part['input_audio'] : {};
      const format = text(audio['format']) || 'wav';
      return [{ kind: 'audio', media: { data: text(audio['data']), url: null, type: `audio/${format}` }, more }];
    }
    case 'file': {
      const file = isObject(part['file']) ? part['file'] : {};
      const from = file['file_data'] ?? file['file_url'] ?? file['file_id'];
      return [{ kind: 'file', media: mediaOf(from, 'application/pdf', path), more }];
    }
    case 'video_url': {
      const video = part['video_url'];
      return [{ kind: 'file', media: mediaOf(isObject(video) ? video['url'] : video, null, path), more }];
    }
    case 'thinking':
    case 'reasoning':
      return [];
    default:
      throw rejection(
        `Content parts of type '${text(type).slice(0, 40)}' can't be sent to this model.`,
        `${path}.type`,
      );
  }
}

/** A `data:` URL, an address, or bare base64. */
function mediaOf(value: unknown, usualType: string | null, path: string): Media {
  const url = text(value);
  if (url === '') throw rejection('The content part names no data and no URL.', path);
  if (/^(https?|gs):/i.test(url)) return { data: null, url, type: null };
  if (!/^data:/i.test(url)) return { data: url, url: null, type: usualType };
  const comma = url.indexOf(',');
  if (comma < 0) throw rejection('The data URL has no data.', path);
  const [type = '', ...options] = url.slice(5, comma).split(';');
  const body = url.slice(comma + 1);
  const base64 = options.some((option) => option.trim().toLowerCase() === 'base64');
  return {
    data: base64 ? body : Buffer.from(percentDecoded(body)).toString('base64'),
    url: null,
    type: type.trim().toLowerCase() || usualType,
  };
}

function percentDecoded(body: string): string {
  try {
    return decodeURIComponent(body);
  } catch {
    return body;
  }
}
