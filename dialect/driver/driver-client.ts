import type { Client } from '../../engine/client/client.js'

/** What the driver asks of the engine's client. */
export type DriverClient = Pick<
  Client,
  'begin' | 'get' | 'batchGet' | 'query' | 'pages' | 'aggregate' | 'write' | 'alter' | 'locate' | 'scan'
>
