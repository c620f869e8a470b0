import type { KeeperAnswer, KeeperRequest, PartitionAnswer, PartitionRequest } from '../operations.js'
import type { KeeperPeer, PartitionName, Peers } from '../ports.js'
import { Keeper } from '../topology/keeper/keeper.js'
import type { Actor, ActorPorts } from './host.js'

/** Where a database's keeper is in a world, whose places are all named as partitions are. */
export function keeperPlace(database: string): PartitionName {
  return `${database}/keeper` as PartitionName
}

/** The real keeper over the world's ports. */
export function startKeeper(database: string, ports: ActorPorts): Actor {
  const keeper = new Keeper({ database, ...ports })
  return {
    execute: (request) => keeper.execute(asKeeperRequest(request)).then(asAnswer),
    alarm: () => keeper.alarm(),
  }
}

/** The keeper, as others reach it: over the same network as partitions. */
export function keeperOver(peers: Peers, database: string): KeeperPeer {
  return {
    async call(request) {
      const answer = await peers.call(keeperPlace(database), request as unknown as PartitionRequest)
      return (answer as unknown as Carried).result
    },
  }
}

/*
 * The world carries what it is given, from place to place, and looks at nothing but its kind.
 */

interface Carried {
  readonly ok: true
  readonly result: KeeperAnswer
}

function asKeeperRequest(request: PartitionRequest): KeeperRequest {
  return request as unknown as KeeperRequest
}

function asAnswer(result: KeeperAnswer): PartitionAnswer {
  const carried: Carried = { ok: true, result }
  return carried as unknown as PartitionAnswer
}
