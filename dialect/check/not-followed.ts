import { MOST_COMBINATIONS } from './alternatives.js'

/** Why a query cannot be followed that a function is handed by somebody who is not in the program. */
export const FROM_OUTSIDE = 'a query or an expression that comes from outside of the program'

/** Why not all of a query is planned. */
export const MORE_COMBINATIONS = `there are more combinations of branches than ${MOST_COMBINATIONS}, and some were left out`
