export { durableObjects, FokosPartition, FokosTopologyKeeper } from './runtime/durable-objects.js'
