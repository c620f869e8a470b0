import type { PlantedBug } from './bank.js'

/** The mistakes that can be made where a statement is about all rows of intervals, whichever they are. */
export const INTERVAL_BUGS: readonly PlantedBug[] = [
  {
    name: 'a change of an interval does not say what it has seen',
    file: 'client/alter.ts',
    find: '{ seen, changes, returning',
    replace: '{ seen: { items: [], intervals: [] }, changes, returning',
    seed: 59,
    shows: [
      'G2 (phantom)',
      'lost update',
      'not linearizable',
      'G-single (read skew)',
      'G2-item (write skew)',
    ],
  },
  {
    name: 'a change of an interval keeps what passed when it is made anew',
    file: 'client/alter.ts',
    find: '  const keys: ItemKey[] = []',
    replace: '  const keys: ItemKey[] = ((operation as any).found ??= [])',
    seed: 19,
    shows: ['broken storage', 'not linearizable'],
  },
  {
    name: 'what several pages come to is not validated',
    file: 'client/client.ts',
    find: '      withKeys: false,\n      observer,',
    replace: '      withKeys: false,',
    seed: 26,
    shows: ['G2 (phantom)', 'not linearizable', 'G-single (read skew)', 'wrong total'],
  },
  {
    name: 'a page that leaves a rest loses a group',
    file: 'partition/aggregate-items.ts',
    find: 'groups: groups.partials(),',
    replace: 'groups: rest === undefined ? groups.partials() : groups.partials().slice(1),',
    shows: ['G2 (phantom)', 'not linearizable', 'wrong total'],
  },
  {
    name: 'values that stand on several pages are counted on each',
    file: 'aggregates/accumulators.ts',
    find: "for (const value of stateOf(state, 'distinct').values) this.add(value)",
    replace: `for (const value of stateOf(state, 'distinct').values)
      this.#values.set(\`\${this.#values.size}\`, value)`,
    seed: 15,
    shows: ['not linearizable'],
  },
  {
    name: 'a block sums up what is stored, without what it has written',
    file: 'client/transaction-block.ts',
    find: 'for (const item of await this.#reader.query(query, options)) groups.add(decodeItem(item))',
    replace: `const stored = new BlockReader(
        this.#store,
        new KnownItems(),
        () => new WriteBuffer(new KnownItems()),
        () => undefined,
      )
      await this.#reader.query(query, options)
      for (const item of await stored.query(query, options)) groups.add(decodeItem(item))`,
    seed: 7,
    shows: ['not linearizable', 'G2 (phantom)', 'broken storage', 'G-single (read skew)'],
  },
  {
    name: 'a page says that it has left out all that it was to',
    file: 'partition/read-items.ts',
    find: '...(skip === 0 ? undefined : { skipped }),',
    replace: '...(skip === 0 ? undefined : { skipped: skip }),',
    seed: 54,
    shows: ['not linearizable'],
  },
]
