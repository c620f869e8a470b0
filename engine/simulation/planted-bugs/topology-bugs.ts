import type { PlantedBug } from './bank.js'

/** The mistakes that can be made when a tree's topology is kept, published and read. */
export const TOPOLOGY_BUGS: readonly PlantedBug[] = [
  {
    name: 'a root that holds nothing does not mind what the keeper says of its settings',
    file: 'partition/agreement.ts',
    find: 'if (!answer.ok) throw errorFromReport(answer.error)',
    replace: 'if (!answer.ok && text.length === 0) throw errorFromReport(answer.error)',
    publishes: true,
    seed: 56,
    shows: ['broken storage', 'lost write', 'stale read', 'lost update'],
  },
  {
    name: 'the keeper is told of a split by the first child that serves, and not by the last',
    file: 'partition/transfer/source.ts',
    find: '      if (last) this.#place.grew()',
    replace: '      if (!last) this.#place.grew()',
    publishes: true,
    shows: ['broken storage'],
  },
  {
    name: 'a report that nobody answered counts as told',
    file: 'partition/transfer/reports.ts',
    find: "if (answer?.ok !== true) return answer === undefined ? 'unanswered' : 'refused'",
    replace: "if (answer?.ok === false) return 'refused'",
    publishes: true,
    shows: ['broken storage'],
  },
  {
    name: 'what changes while it is published counts as published',
    file: 'topology/keeper/dirty-snapshots.ts',
    find: "clean: 'DELETE FROM dirty WHERE kind = ? AND hash_key = ? AND changes = ?',",
    replace: "clean: 'DELETE FROM dirty WHERE kind = ? AND hash_key = ? AND changes >= ?',",
    publishes: true,
    seed: 395,
    shows: ['broken storage'],
  },
  {
    name: 'what was told before its parents is forgotten when they are told',
    file: 'topology/keeper/kept-topology.ts',
    find: '      pending.push(...this.#events.splitsBelow(next))\n',
    replace: '',
    publishes: true,
    seed: 234,
    shows: ['broken storage'],
  },
  {
    name: 'a rebuild asks the roots, and nobody below them',
    file: 'topology/keeper/rebuild.ts',
    find: '      for (const below of outline.below) this.#frontier.add(below)\n',
    replace: '',
    publishes: true,
    shows: ['broken storage'],
  },
]
