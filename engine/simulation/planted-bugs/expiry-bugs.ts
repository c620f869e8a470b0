import type { PlantedBug } from './bank.js'

/** The mistakes that can be made with rows that end by themselves. */
export const EXPIRY_BUGS: readonly PlantedBug[] = [
  {
    name: 'whether a row has ended is a matter of whose clock is asked',
    file: 'partition/item-store.ts',
    find: '    this.#ended.push({ key, version })\n',
    replace: '    void version\n',
    seed: 20,
    expires: true,
    shows: ['not linearizable'],
  },
  {
    name: 'a row that has ended is deleted without a word to who copies it',
    file: 'partition/open-stores.ts',
    find: "      moving.changed({ table: 'items', hashKey: key.hashKey, sortKey: key.sortKey })\n",
    replace: '',
    workload: 'one key',
    seed: 97,
    expires: true,
    shows: ['not linearizable', 'lost update', 'lost write', 'stale read', 'broken storage', 'G2 (phantom)'],
  },
  {
    name: 'a row that moves lives for ever',
    file: 'partition/transfer/moved-rows.ts',
    find: '...(expires === null ? undefined : { expires })',
    replace: '...(expires === null ? undefined : {})',
    expires: true,
    shows: ['expired row'],
  },
  {
    name: 'a scan shows what has ended',
    file: 'partition/scan-items.ts',
    find: 'if (store.isOver({ hashKey, sortKey }, { version, expires })) {',
    replace: 'if (store.isOver({ hashKey, sortKey }, { version, expires }) && expires === 0) {',
    expires: true,
    shows: ['expired row', 'not linearizable'],
  },
  {
    name: 'a row that is changed ends no more',
    file: 'changes/change-maker.ts',
    find: 'endingOf(item, expiresAt, index)\n}\n\n/** What',
    replace: '({ ...endingOf(item, expiresAt, index), expires: null })\n}\n\n/** What',
    expires: true,
    shows: ['expired row'],
  },
  {
    name: 'the alarm does not come back for what ends later',
    file: 'partition/partition.ts',
    find: 'if (ends !== undefined) this.#wakeBy(ends)\n      if (locked)',
    replace: 'if (locked)',
    seed: 25,
    expires: true,
    shows: ['expired row'],
  },
]
