import './schema/kysely-augmentation.js'

export type { Aggregate, Aggregation, GroupColumn } from '../engine/aggregates/aggregation.js'
export type { GroupAnswer, GroupOrder } from '../engine/aggregates/answer-groups.js'
export {
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
} from '../engine/errors.js'
export type {
  Assignment,
  CastType,
  Expression,
  ProjectedColumn,
  Projection,
  ScalarFunction,
} from '../engine/expressions/expression.js'
export type { Interval } from '../engine/keys/interval.js'
export type { KeyPart } from '../engine/keys/key-codec.js'
export type {
  AggregateOperation,
  Alteration,
  AlterOperation,
  BatchGetOperation,
  Change,
  Direction,
  GetOperation,
  ItemKey,
  Operation,
  Order,
  QueryOperation,
  Reading,
  ReadOperation,
  Span,
  UpdateExisting,
  WriteOperation,
} from '../engine/operations.js'
export type { CheckItem } from '../engine/ports.js'
export type { BindingNames } from '../engine/runtime/bindings.js'
export { ulid, uuid } from '../engine/runtime/identifiers.js'
export type { EngineSettings, Limits, SettingsOptions } from '../engine/settings.js'
export type { ItemText } from '../engine/values/item-text.js'
export type { Value } from '../engine/values/value.js'
export type { FokosCompiledQuery } from './compiler/fokos-query-compiler.js'
export type { RefusalCode } from './compiler/refusals.js'
export type { ScanPart } from './compiler/scan-node.js'
export type {
  CompiledOperation,
  ExplainOperation,
  NoOperation,
  ScanOperation,
} from './compiler/statement.js'
export { UnsupportedQueryError } from './compiler/unsupported-query-error.js'
export type { Explanation, KeyColumns } from './driver/explanation.js'
export { FokosDialect, type FokosDialectClass, type FokosDialectOptions } from './fokos-dialect.js'
export { type RetryTransactionOptions, retryTransaction } from './retry-transaction.js'
export {
  type ScannableQuery,
  type ScannedRows,
  type ScanOptions,
  scanEveryPartition,
} from './scan-every-partition.js'
export {
  type DatabaseDeclaration,
  type DatabaseOptions,
  defineDatabase,
  type InferDatabase,
} from './schema/define-database.js'
export type { FokosDeleteQueryBuilder } from './schema/delete-query-builder.js'
export type { FokosTypeError } from './schema/fokos-type-error.js'
export type { FokosInsertQueryBuilder } from './schema/insert-query-builder.js'
export type { HashKey, SortKey } from './schema/key-columns.js'
export type { RowValidator, ValidatorAnswer, ValidatorIssue } from './schema/row-validator.js'
export type { FokosSelectQueryBuilder } from './schema/select-query-builder.js'
export { type TableDeclaration, table } from './schema/table.js'
export type { FokosUpdateQueryBuilder } from './schema/update-query-builder.js'
