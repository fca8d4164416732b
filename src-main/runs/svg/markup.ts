/**
 * Text as it may stand in HTML and XML, between tags and in quoted attributes; characters that XML cannot hold (most controls, lone surrogates) become U+FFFD.
 * @example escapeMarkup('<b a="1">&') // '&lt;b a=&quot;1&quot;&gt;&amp;'
 */
export function escapeMarkup(text: string): string {
  return text
    // XML 1.0, production Char, excludes exactly these: controls but tab and line ends, surrogates without their other half, and two non-characters.
    .replace(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character])
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/** Hundredths of a pixel: finer is not seen. */
export const pixel = (value: number): string => String(Number(value.toFixed(2)))
