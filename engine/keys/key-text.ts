/** Arguments that one call takes for certain. */
const CHUNK = 8_192

/** Bytes as a text that can be a Map's key: one character each. */
export function keyText(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode(...bytes)
  // Nothing that is stored, and something that must be refused like anything else.
  return keyText(bytes.subarray(0, CHUNK)) + keyText(bytes.subarray(CHUNK))
}
