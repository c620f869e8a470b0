/**
 * Where this dialect differs from Kysely's SQLite dialect on purpose. The differential test makes SQLite
 * behave so, or does not generate the case; nothing else may differ.
 */
export const EXCEPTIONS = {
  'like-is-case-sensitive':
    "SQLite's like ignores the case of ASCII letters. Here `like 'p%'` on a sort key is a range of keys, and keys are case-sensitive, so like is everywhere. The reference runs with PRAGMA case_sensitive_like.",
  'a-column-that-was-not-written-is-absent':
    'A row has the columns that it was written with: selectAll does not list the others, where SQLite lists null. select of such a column gives null in both. The comparison fills the absent ones with null.',
  'booleans-and-dates-are-values':
    'Conditions in a select give true and false, where SQLite gives 1 and 0, and dates are dates. The comparison translates.',
  'minus-zero-is-kept':
    'SQLite stores -0 as 0. Here it comes back as it went in, and equals 0 everywhere, in keys too. The comparison takes it for 0.',
  'rows-without-an-order-come-in-key-order':
    'Without orderBy SQLite promises no order; here rows come in the order of their keys. The comparison sorts both.',
  'json-is-a-value':
    'A nested value is compared as what it is. SQLite compares its text, and its `->` gives text; only `->>` paths to numbers and text are generated.',
  'bigints-do-not-overflow':
    'SQLite turns an integer that overflows 64 bits into a double. Here bigints grow. Only small ones are calculated with.',
  'operators-take-their-types':
    'SQLite casts text in arithmetic to 0 and numbers in like to text. Here that is a TypeMismatchError. Not generated.',
} as const
