import type { PlantedBug } from './bank.js'

/** What shows when a row that was written is not there, or one that is not there is seen. */
const LOST = [
  'lost write',
  'lost update',
  'stale read',
  'G2 (phantom)',
  'G-single (read skew)',
  'G1a (aborted read)',
  'not linearizable',
  'broken storage',
] as const

/** The mistakes that can be made when keys move from one partition to another. */
export const GROWTH_BUGS: readonly PlantedBug[] = [
  {
    name: 'the change log is trimmed by key instead of by sequence',
    file: 'partition/transfer/transfer-store.ts',
    find: "trim: 'DELETE FROM changes WHERE transfer = ? AND sequence < ?',",
    replace: `trim: \`DELETE FROM changes WHERE transfer = ?1 AND (sequence < ?2 OR (sequence > ?2 AND EXISTS (
      SELECT 1 FROM changes c WHERE c.transfer = ?1 AND c.sequence <= ?2
        AND c.hash_key = changes.hash_key AND c.sort_key = changes.sort_key)))\`,`,
    workload: 'one key',
    seed: 9,
    shows: LOST,
  },
  {
    name: 'a commit does not reach the change log',
    file: 'partition/apply-writes.ts',
    find: '      items.put(key, item, versions.tick(), token, { expires })',
    replace: `      ;(globalThis as any).unlogged = true
      items.put(key, item, versions.tick(), token, { expires })
      ;(globalThis as any).unlogged = false`,
    and: [
      {
        file: 'partition/item-store.ts',
        find: 'if (written) this.#watch.changed({ hashKey, sortKey })',
        replace: 'if (written && !(globalThis as any).unlogged) this.#watch.changed({ hashKey, sortKey })',
      },
    ],
    seed: 35,
    shows: [...LOST, 'version order violation'],
  },
  {
    name: 'a delete does not reach the change log',
    file: 'partition/item-store.ts',
    find: `      this.#watch.deleted({ hashKey, sortKey })
      this.#watch.changed({ hashKey, sortKey })`,
    replace: '      this.#watch.deleted({ hashKey, sortKey })',
    seed: 12,
    shows: [...LOST, 'duplicate write'],
  },
  {
    name: 'what changes right before a hand-over is not handed over',
    file: 'partition/transfer/source.ts',
    find: `    const { rows, upTo, bytes } = this.#changesOf(member, behind)
    const all = this.#store.left(member.id, upTo) === 0`,
    replace: `    const { bytes } = this.#changesOf(member, behind)
    const [rows, all] = [[] as MovedRow[], true]`,
    seed: 38,
    shows: LOST,
  },
  {
    name: 'a hand-over that is repeated gives less than the first',
    file: 'partition/transfer/source.ts',
    find: `    assert(all, 'what was handed over was little')
    return { handedOver: { rows, ...`,
    replace: `    assert(all, 'what was handed over was little')
    return { handedOver: { rows: [], ...`,
    seed: 47,
    shows: LOST,
  },
  {
    name: 'a late page is stored over newer rows',
    file: 'partition/transfer/target.ts',
    find: "if (facts.get('arrival') !== encodeArrival(transfer, from)) {",
    replace: 'if (from.behind < 0) {',
    and: [
      {
        file: 'partition/transfer/target.ts',
        find: '    if (this.#running) return\n',
        replace: '',
      },
    ],
    shows: LOST,
  },
  {
    name: 'a target serves before it has stored what it was handed over',
    file: 'partition/transfer/target.ts',
    find: '    const served = this.#store(stage, handedOver.rows,',
    replace: `    this.#stage = { state: 'serving', behind: stage.behind }
    this.#place.serves(handedOver)
    await this.#place.clock.sleep(30)
    const served = this.#store(stage, handedOver.rows,`,
    shows: [...LOST, 'duplicate write', 'version order violation'],
  },
  {
    name: 'a hand-over leaves the clock behind',
    file: 'partition/contents.ts',
    find: '    this.#opened.versions.goOnFrom(clock)\n',
    replace: '    void clock\n',
    shows: ['version order violation', 'version reuse', 'broken storage', 'lost write'],
  },
  {
    name: 'a hand-over leaves tokens behind',
    file: 'partition/contents.ts',
    find: 'this.#tokens.takeOver(tokens, this.#place.ports.clock.now())',
    replace: '',
    workload: 'contention',
    faults: 'forgetful',
    seed: 56,
    shows: ['duplicate write', 'G1a (aborted read)', ...LOST],
  },
  {
    name: 'a hand-over leaves records of transactions behind',
    file: 'partition/transfer/copy-page.ts',
    find: '      mayBelong(place, this.#set) && !leftOver ? readMovedRow(',
    replace:
      "      place.table !== 'transactions' && mayBelong(place, this.#set) && !leftOver ? readMovedRow(",
    seed: 260,
    shows: ['duplicate write', ...LOST],
  },
  {
    name: 'a hand-over leaves locks behind',
    file: 'partition/transfer/copy-page.ts',
    find: '        return this.#parts(behind)\n',
    replace: '        return true\n',
    seed: 74,
    shows: LOST,
  },
  {
    name: 'a hand-over leaves the pointer to a promoted hash key behind',
    file: 'partition/transfer/moved-rows.ts',
    find: '      else storage.run(SQL.putPromoted, hashKey, moved.row)\n',
    replace: '',
    seed: 91,
    // Who looks for the hash key promotes it anew, or is sent back and forth.
    shows: [...LOST, 'detour'],
  },
  {
    name: 'a partition acknowledges the commit of keys that it has given away',
    file: 'partition/spots.ts',
    find: `      for (const [i, hashKey] of operation.hashKeys.entries()) {
        yield { hashKey, interval: operation.within?.[i] ?? EVERYTHING }
      }`,
    replace: '',
    and: [
      {
        // Else whoever has the keys asks for itself, sooner or later.
        file: 'partition/partition.ts',
        find: 'const locked = await this.#participant.askForAll()',
        replace: 'const locked = false',
      },
    ],
    seed: 9,
    shows: LOST,
  },
  {
    name: 'who has waited for a lock does not ask again whose the keys are',
    file: 'partition/partition.ts',
    find: 'const result = this.#turns.whenFree(turn, () => this.#section(request, turn))',
    replace: `let waited = false
      const result = this.#turns.whenFree(turn, () => {
        if (waited) return this.#serving.decide(operation, request.settings, turn)
        waited = true
        return this.#section(request, turn)
      })`,
    seed: 265,
    shows: LOST,
  },
  {
    name: 'what a promotion has left behind is never deleted',
    file: 'partition/transfer/clean-up.ts',
    find: 'const promoted = sets.flatMap(',
    replace: "if (sets.some(({ kind }) => kind === 'hashKey')) return\n  const promoted = sets.flatMap(",
    shows: ['broken storage'],
  },
  {
    name: 'what a promotion has left behind is copied by the next split',
    file: 'partition/transfer/copy-page.ts',
    find: 'mine = holdsHashKey(this.#set, hashKey) && this.#keeps(hashKey)',
    replace: 'mine = holdsHashKey(this.#set, hashKey)',
    and: [
      {
        file: 'partition/transfer/clean-up.ts',
        find: 'const promoted = sets.flatMap(',
        replace: "if (sets.some(({ kind }) => kind === 'hashKey')) return\n  const promoted = sets.flatMap(",
      },
    ],
    shows: ['broken storage'],
  },
  {
    name: 'the row at a boundary goes to neither side',
    file: 'partition/transfer/copy-page.ts',
    find: '      for (const row of this.#storage.rows(SQL.first, hashKey, from)) add(row)\n',
    replace: '',
    workload: 'one key',
    seed: 6,
    shows: LOST,
  },
  {
    name: 'the row at a boundary goes to both sides',
    file: 'partition/transfer/copy-page.ts',
    find: 'sort_key > ? AND sort_key < ? ORDER BY sort_key LIMIT ?',
    replace: 'sort_key > ? AND sort_key <= ? ORDER BY sort_key LIMIT ?',
    workload: 'growth',
    seed: 5,
    // What has two owners is divided on and on.
    shows: ['broken storage', 'unavailable'],
  },
  {
    name: 'a page ends at the boundary of its partition and says that nothing is left',
    file: 'partition/read-items.ts',
    find: '  rest ??= left(interval, stretch, descending)\n',
    replace: '',
    workload: 'one key',
    seed: 6,
    shows: ['G2 (phantom)', 'broken storage', 'not linearizable', 'unavailable', 'wrong answer'],
  },
  {
    name: 'a page that is read from its end begins behind the boundary',
    file: 'partition/territory.ts',
    find: '? compareBytes(from, spot.sortKey) < 0 && compareBytes(spot.sortKey, to) <= 0',
    replace: '? holdsKey({ from, to }, spot.sortKey)',
    workload: 'one key',
    seed: 6,
    shows: ['G2 (phantom)', 'broken storage', 'not linearizable', 'unavailable'],
  },
  {
    name: 'a hash key is promoted while its partition splits',
    file: 'partition/transfer/moving.ts',
    find: '          this.#source.busy ||\n',
    replace: '',
    and: [
      {
        file: 'partition/transfer/source.ts',
        find: "    assert(!this.busy, 'one group of transfers at a time')\n",
        replace: '',
      },
    ],
    seed: 5,
    shows: LOST,
  },
  {
    name: 'a source deletes what its target does not serve yet',
    file: 'partition/transfer/source.ts',
    find: "return left.every(({ state }) => state === 'settled') ? left : []",
    replace: "return left.every(({ state }) => state === 'settled' || state === 'moved') ? left : []",
    shows: LOST,
  },
  {
    name: 'a partition that is adopted again begins anew',
    file: 'partition/transfer/target.ts',
    find: 'if (this.#transfer !== undefined) return this.#transfer.id === transfer.id',
    replace: 'if (this.#transfer !== undefined && this.#transfer.id !== transfer.id) return false',
    shows: LOST,
  },
  {
    name: 'a partition that nobody has adopted says that nothing is there',
    file: 'partition/territory.ts',
    find: '    if (!this.serves) return [',
    replace: '    if (!this.serves && this.#arrival !== undefined) return [',
    shows: LOST,
  },
  {
    name: 'a source that was replaced answers its target',
    file: 'partition/transfer/source.ts',
    find: '      stored.length === this.#members.length &&',
    replace: '      stored.length >= 0 ||',
    seed: 133,
    shows: LOST,
  },
  {
    name: 'a replaced instance serves what its successor has handed over',
    file: 'partition/open-stores.ts',
    find: '      if (marked !== moving.mark) {',
    replace: '      if (marked < 0) {',
    workload: 'one key',
    faults: 'forgetful',
    seed: 21,
    shows: LOST,
  },
  {
    name: 'what the pieces of an interval sum to is not asked',
    file: 'changes/cut-part.ts',
    find: 'return cuts.every((sum, of) => sameFingerprint(sum, totals[of] as Fingerprint))',
    replace: 'return cuts.every((sum, of) => sameFingerprint(sum, sum) && of >= 0)',
    seed: 278,
    shows: [
      'G2 (phantom)',
      'G2-item (write skew)',
      'G-single (read skew)',
      'lost update',
      'not linearizable',
    ],
  },
  {
    name: 'who must be alone is not told of rows in other partitions',
    file: 'changes/change-maker.ts',
    find: `      case 'alone':
        this.#checkAlone(change.key, change.aloneIn, index)
        return`,
    replace: `      case 'alone':
        return`,
    workload: 'statements',
    seed: 47,
    shows: ['not linearizable', ...LOST],
  },
]
