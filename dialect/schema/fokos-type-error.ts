import type { Fill, REFUSALS, RefusalCode, RefusalNames } from '../compiler/refusals.js'

/**
 * Stands where a query has no meaning, so that TypeScript's message shows the text. Nothing has this type.
 */
export interface FokosTypeError<Message extends string> {
  readonly __fokosTypeError__: Message
}

/** The text of a refusal, as the compiler's error has it. */
export type RefusalText<
  Code extends RefusalCode,
  // biome-ignore lint/complexity/noBannedTypes: no names to fill in
  Names extends RefusalNames = {},
> = `fokos: ${Fill<`${(typeof REFUSALS)[Code]['reason']}: ${(typeof REFUSALS)[Code]['fix']}`, Names>}`
