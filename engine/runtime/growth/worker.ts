import { type HeatLoad, type HeatReport, heatUp } from './heat-load.js'
import type { LoadReport } from './measured-load.js'
import { growRange, type RangeGrowth, type RangeReport } from './range-growth.js'
import { loadSpread, type SpreadLoad } from './spread-load.js'

/*
 * A Worker that measures a tree that grows. The loops are in here, so that HTTP is not what is measured: a request
 * begins one, and others ask how far it has come.
 */

export { FokosPartition, FokosTopologyKeeper } from './partition-class.js'

/** What is measured. */
export type Measurement = SpreadLoad | RangeGrowth | HeatLoad

/** What became of a measurement. */
export interface Reports {
  readonly spread: LoadReport
  readonly range: RangeReport
  readonly heat: HeatReport
}

/** How far it has come. */
export interface Progress {
  readonly text: string
  readonly report?: Reports[keyof Reports]
  readonly error?: string
}

let progress: Progress = { text: 'ready' }

export default {
  async fetch(request: Request, env: object, context: ExecutionContext): Promise<Response> {
    if (request.method === 'POST' && new URL(request.url).pathname === '/begin') {
      const measurement = (await request.json()) as Measurement
      progress = { text: 'begins' }
      context.waitUntil(run(env, measurement))
    }
    return Response.json(progress)
  },
}

async function run(env: object, measurement: Measurement): Promise<void> {
  const tell = (text: string) => {
    progress = { text }
  }
  try {
    progress = { text: 'done', report: await measure(env, measurement, tell) }
  } catch (error) {
    progress = {
      text: 'failed',
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }
  }
}

function measure(
  env: object,
  measurement: Measurement,
  tell: (text: string) => void,
): Promise<Reports[keyof Reports]> {
  switch (measurement.kind) {
    case 'spread':
      return loadSpread(env, measurement, tell)
    case 'range':
      return growRange(env, measurement, tell)
    case 'heat':
      return heatUp(env, measurement, tell)
  }
}
