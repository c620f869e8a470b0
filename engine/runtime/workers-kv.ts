import type { TopologyCache } from '../ports.js'

/** Seconds for which a location keeps what it has read; KV takes no less than 30. */
const KEPT_FOR = 60

/** A Workers KV namespace, as far as it is used here. */
export interface KvNamespace {
  get(key: string, options: { type: 'arrayBuffer'; cacheTtl: number }): Promise<ArrayBuffer | null>
  put(key: string, value: Uint8Array): Promise<void>
}

/** The cache port over Workers KV: what is put is seen elsewhere a minute later, or so. */
export function workersKv(namespace: KvNamespace): TopologyCache {
  return {
    async get(key) {
      const value = await namespace.get(key, { type: 'arrayBuffer', cacheTtl: KEPT_FOR })
      return value === null ? undefined : new Uint8Array(value)
    },
    put: (key, value) => namespace.put(key, value),
  }
}
