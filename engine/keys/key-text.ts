/** Bytes as a text that can be a Map's key: one character each. */
export function keyText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
