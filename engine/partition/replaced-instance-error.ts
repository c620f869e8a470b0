/** This instance is not the partition any more: another one has written what it does not know. Never answered. */
export class ReplacedInstanceError extends Error {
  override name = 'ReplacedInstanceError'
}
