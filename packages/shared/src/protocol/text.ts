import * as z from 'zod';

/**
 * Rules for text that people write, in any script. Combining marks, joiners, variation selectors and emoji sequences are
 * part of it. Refused is what is no text, or changes the text around it:
 *
 * - control characters, line and paragraph separators: `\p{Cc}`, `\p{Zl}`, `\p{Zp}`
 * - halves of surrogate pairs, which no encoding can carry: `\p{Cs}`
 * - marks that turn the direction of what follows, embeddings, overrides and isolates: U+202A–U+202E, U+2066–U+2069
 */
const refused = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
const visible = /[^\s\p{Cf}]/u;

const isPlain = (text: string): boolean => !refused.test(text);
const plainly = 'no control characters, direction marks or halves of surrogate pairs';

/** A line of text, kept as it was written. Lengths are in UTF-16 units, as JavaScript counts them. */
export const line = (bounds: { min?: number; max: number }) =>
  z
    .string()
    .min(bounds.min ?? 0)
    .max(bounds.max)
    .refine(isPlain, plainly);

/**
 * A name that things are found by. It is brought to Unicode's form NFC, so that é as one character, as most keyboards
 * write it, and as e with an accent, as macOS does in file names, are one name. Its length is counted after that.
 */
export const identifier = (bounds: { max: number }) =>
  z
    .string()
    .transform((text) => text.normalize('NFC'))
    .pipe(
      z
        .string()
        .min(1)
        .max(bounds.max)
        .refine(isPlain, plainly)
        .refine((text) => visible.test(text), 'at least one visible character'),
    );
