import type { FactStore } from '../fact-store.js'

/**
 * What a partition knows about itself beside its items.
 *
 * - `storage_format`: the oldest format whose readers understand what is stored.
 * - `tables`: the format that the tables have; where nothing is said, the oldest that it can be.
 * - `settings`: those that its data was written with, as a text.
 * - `clock_bound`: what its clock has given out lies below this.
 * - `forgotten`: up to when records of transactions were forgotten.
 * - `arrival`: whose keys these were, and how far they have come.
 * - `grown`, `told`: how often the tree has grown from here, and how many of these times the keeper knows.
 */
export type PartitionFacts = FactStore<
  'storage_format' | 'tables' | 'settings' | 'clock_bound' | 'forgotten' | 'arrival' | 'grown' | 'told'
>
