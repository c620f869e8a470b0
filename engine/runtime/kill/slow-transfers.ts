import type { DurableObject } from 'cloudflare:workers'
import type { PartitionAnswer, PartitionRequest } from '../../operations.js'
import type { DurableObjectClass } from '../durable-objects.js'

/** The class of partitions, as far as their callers see it. */
export type ExecutingClass = new (
  state: unknown,
  env: unknown,
) => DurableObject & { execute(request: PartitionRequest): Promise<PartitionAnswer> }

const STEPS: readonly string[] = ['adopt', 'copy', 'catchUp', 'handOver', 'settle']
/** Milliseconds that a message takes at most, there or back: as between cities. */
const WAY = 30

/**
 * Partitions whose messages about transfers take their time. On one machine a transfer of so few rows is over in
 * some milliseconds, and few kills would find one under way.
 */
export function slowTransfers(partitions: DurableObjectClass): ExecutingClass {
  return class extends (partitions as unknown as ExecutingClass) {
    override async execute(request: PartitionRequest): Promise<PartitionAnswer> {
      if (!STEPS.includes(request.operation.kind)) return super.execute(request)
      await travel()
      const answer = await super.execute(request)
      await travel()
      return answer
    }
  }
}

function travel(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * WAY))
}
