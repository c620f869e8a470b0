import { durableObjects } from 'kysely-fokos/engine'
import { database } from './database.js'

export const { FokosPartition, FokosTopologyKeeper } = durableObjects(database)

export default {
  async fetch(): Promise<Response> {
    return new Response('hello')
  },
}
