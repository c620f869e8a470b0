export type { Location } from './client/client.js'
export {
  ConditionFailedError,
  ConfigurationError,
  ConstraintError,
  type ErrorCode,
  type ErrorDetails,
  FokosError,
  InternalError,
  InvalidKeyError,
  InvalidRequestError,
  InvalidValueError,
  LimitError,
  OutcomeUnknownError,
  OverloadedError,
  PartitionFullError,
  SettingsMismatchError,
  TransactionConflictError,
  TypeMismatchError,
  UnavailableError,
  ValidationError,
} from './errors.js'
export { and, calculate, column, compare, exists, not, type Operand, or, value } from './expressions/build.js'
export type { ArithmeticOperator, ComparisonOperator, Expression, PathLeg } from './expressions/expression.js'
export type { KeyPart } from './keys/key-codec.js'
export type { KeeperStatus, PartitionDescription, Route, TransferState, Version } from './operations.js'
export type { CheckItem } from './ports.js'
export type { BindingNames } from './runtime/bindings.js'
export {
  type DeclaredSettings,
  type DurableObjectClass,
  type DurableObjectsOptions,
  durableObjects,
  type FokosDurableObjects,
  FokosPartition,
  FokosTopologyKeeper,
} from './runtime/durable-objects.js'
export type { EngineSettings, Limits, SettingsOptions } from './settings.js'
export {
  type Conditional,
  type Expires,
  openStore,
  type QueriedValue,
  type ScannedValue,
  Store,
  type StoredValue,
  type StoreOptions,
  type StoreQuery,
  type StoreScan,
  type StoreScanPage,
  type TransactReadItem,
  type TransactReadResult,
} from './store.js'
export type { KeyOf, StoreKey } from './store-key.js'
export type { TransactionReason, TransactWriteItem, TransactWriteOptions } from './transact.js'
export type { Item, Value } from './values/value.js'
