import { z } from 'zod'

/**
 * What a name may not hold: characters that break a line, that turn the direction of what follows (U+202A-202E, U+2066-2069), or that nobody sees. Two names that look alike are otherwise two, and a name
 * looks like what it is not. General categories Cc, Cf and Cs, both separators, and the blanks that count as letters (Hangul fillers);
 * but for the non-joiner between Arabic letters, which Persian is spelt with and everybody sees.
 */
const hidden = /(?!(?<=\p{Script=Arabic}\p{M}*)\u200c(?=\p{Script=Arabic}))[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/u
const everyHidden = new RegExp(hidden.source, 'gu')

/** For names that are given now; what is stored already is read as it is. @example visibleText().safeParse('KL\u202e').success // false */
export const visibleText = () => z.string().refine((text) => !hidden.test(text), 'one line, without characters that nobody sees (as they join an emoji of several)')

/** Any text with a blank in the place of what cannot be seen: names of an earlier version, messages from elsewhere. @example withoutHidden('a\nb') // 'a b' */
export const withoutHidden = (text: string): string => text.replaceAll(everyHidden, ' ')
