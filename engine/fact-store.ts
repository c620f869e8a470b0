import type { SqlValue, Storage } from './ports.js'

/** Single values by name, in the table `facts` of a Durable Object's own database. */
export class FactStore<Fact extends string> {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  get(fact: Fact): SqlValue | undefined {
    const [row] = [...this.#storage.rows('SELECT value FROM facts WHERE name = ?', fact)]
    return row?.[0]
  }

  set(fact: Fact, value: string | number): void {
    this.#storage.run(
      'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      fact,
      value,
    )
  }
}
