import type { FactStore } from '../../fact-store.js'

/**
 * What a keeper knows beside the tree.
 *
 * - `settings`: those that the tree grows by, as a text.
 * - `generation`: how often everything was built anew.
 * - `rebuilding`: 1 while it is, 0 or nothing else.
 * - `version`: that of the last publication.
 */
export type KeeperFacts = FactStore<'storage_format' | 'settings' | 'generation' | 'rebuilding' | 'version'>
