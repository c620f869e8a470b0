import type { PartitionName, Storage } from '../../ports.js'

const SQL = {
  all: 'SELECT partition FROM frontier ORDER BY partition',
  add: 'INSERT INTO frontier (partition) VALUES (?) ON CONFLICT DO NOTHING',
  remove: 'DELETE FROM frontier WHERE partition = ?',
} as const

/**
 * The partitions that are still to be asked. In the order of their names, which is from a partition to those below it:
 * few are here at a time, however many there are.
 */
export class Frontier {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** All of them, as they are asked for. */
  *all(): Generator<PartitionName> {
    for (const [partition] of this.#storage.rows(SQL.all)) yield partition as PartitionName
  }

  get isEmpty(): boolean {
    for (const _ of this.all()) return false
    return true
  }

  add(partition: PartitionName): void {
    this.#storage.run(SQL.add, partition)
  }

  remove(partition: PartitionName): void {
    this.#storage.run(SQL.remove, partition)
  }
}
