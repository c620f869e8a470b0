import { InvalidRequestError } from '../../errors.js'
import type { PartitionName } from '../../ports.js'
import type { TreeShape } from '../forest.js'
import { isNamed, type PartitionPlace, placeOf } from '../partition-name.js'

/** A Durable Object's name has no more. */
const MAX_NAME_CHARACTERS = 1_024
/**
 * A step of a range partition's path takes no room in a name that repeats it, so that a few characters could fill the
 * memory. A hash key that grows at its end alone is divided once for each 250 MB: these are 25 TB.
 */
const MAX_STEPS = 100_000
/** Each level divides the keys anew: nobody comes so far. */
const MAX_LEVELS = 256

/** Steps of a path, such as `0.1x12`. */
const STEPS = /^\d{1,4}(x\d{1,6})?(\.\d{1,4}(x\d{1,6})?)*$/

/**
 * The place of a partition that somebody else has named.
 *
 * @throws {InvalidRequestError} when no partition of this database can have that name.
 */
export function readName(name: unknown, database: string, { roots, fanout }: TreeShape): PartitionPlace {
  const refuse = (): never => {
    throw new InvalidRequestError(
      `${JSON.stringify(name)?.slice(0, 100)} is not a partition of ${database} with ${roots} roots and fanout ${fanout}`,
    )
  }
  // Before anything is made of it: what it says may be large.
  if (typeof name !== 'string' || name.length > MAX_NAME_CHARACTERS) return refuse()
  const [, kind, ...rest] = name.split('/')
  const steps = kind === 'r' ? rest[1] : rest[0]
  if (steps !== undefined && !(STEPS.test(steps) && countOf(steps) <= MAX_STEPS)) return refuse()
  if (!isNamed(name as PartitionName)) return refuse()
  const place = placeOf(name as PartitionName)
  if (place.database !== encodeURIComponent(database)) return refuse()
  const { path } = place
  const fits =
    place.kind === 'range'
      ? place.key !== '' && path.every((step) => step < 2)
      : path.length <= MAX_LEVELS && path.every((step, level) => step < (level === 0 ? roots : fanout))
  return fits ? place : refuse()
}

/** How many steps a text stands for. */
function countOf(steps: string): number {
  return steps.split('.').reduce((sum, run) => sum + Number(run.split('x')[1] ?? 1), 0)
}
