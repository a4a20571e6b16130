// Reading what came over the wire: a value is what it should be, or the answer is refused.
import { SSOError } from './errors.js';

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SSOError('invalid_response', { message: 'the broker did not answer with a JSON object' });
  }
  return value as Fields;
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new SSOError('invalid_response', { message: 'the broker did not answer with a list' });
  return value;
}

export function text(fields: Fields, name: string): string {
  const value = optionalText(fields, name);
  if (value === undefined) throw new SSOError('invalid_response', { message: `the broker's answer has no ${name}` });
  return value;
}

/** Undefined where there is none, and where it is empty. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** JSON that somebody else may have written; undefined if it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export const words = (value: string | undefined): string[] => (value ?? '').split(' ').filter(Boolean);
