import { ALWAYS, type Alternatives, combine, only, under } from './alternatives.js'
import type { Call } from './call.js'
import { elementsOf } from './evaluate.js'
import { type Frame, mergeStates, type State, saveState } from './frame.js'
import { invoke, unknownResult } from './invoke.js'
import { MORE_COMBINATIONS } from './not-followed.js'
import { Closure, isConstant, Placeholder } from './values.js'

/** A method of a list: with functions of the program they are followed. Nothing for methods that are not known. */
export function callList(
  frame: Frame,
  list: readonly unknown[] | Placeholder,
  { node, name, args }: Call,
): Alternatives | undefined {
  const [first] = args
  const work = first?.[0]?.value
  const elements = elementsOf(frame, list)
  const isKnown = !(list instanceof Placeholder)
  const call = (closure: Closure, ...given: unknown[]) =>
    invoke(
      frame,
      closure,
      given.map((one) => only(one)),
      node,
      true,
    )
  const lose = () => frame.check.queries.lose(node, MORE_COMBINATIONS, node)
  switch (name) {
    case 'map':
    case 'flatMap': {
      if (!(work instanceof Closure)) {
        if (typeof work !== 'function') return only(unknownResult(frame.check, node))
        return undefined
      }
      const mapped = elements.map((element, i) => call(work, element, i, list))
      return combine(mapped, (values, when) => only(name === 'map' ? values : values.flat(), when), lose)
    }
    case 'forEach': {
      if (!(work instanceof Closure)) return undefined
      const { path } = frame
      const states: State[] = [saveState(frame)]
      for (const [i, element] of elements.entries()) {
        call(work, element, i, list)
        states.push(saveState(frame))
      }
      mergeStates(frame, isKnown ? states.slice(-1) : states, path)
      frame.path = path
      return only(undefined)
    }
    case 'reduce': {
      if (!(work instanceof Closure)) return undefined
      let found = args[1] ?? only(elements[0])
      const ends = isKnown ? [] : [...found]
      for (const [i, element] of (args[1] === undefined ? elements.slice(1) : elements).entries()) {
        found = invoke(frame, work, [found, only(element), only(i), only(list)], node)
        if (!isKnown) ends.push(...found)
      }
      return isKnown ? found : ends
    }
    case 'filter': {
      if (!(work instanceof Closure)) return only(list)
      const kept = elements.map((element) => call(work, element))
      if (!isKnown || !kept.every((one) => one.every(({ value }) => isConstant(value)))) return only(list)
      return only(elements.filter((_, i) => kept[i]?.[0]?.value))
    }
    case 'concat':
      return combine(
        args,
        (values, when) =>
          isKnown ? only([...list, ...values.flat()], when) : only(unknownResult(frame.check, node), when),
        lose,
      )
    case 'slice': {
      const bounds = args.map((one) => one[0]?.value)
      if (!isKnown) return only(list)
      if (bounds.every(isConstant)) return only(list.slice(...(bounds as number[])))
      // How many it takes is not known: some.
      return only(list.slice(0, 2))
    }
    case 'sort':
    case 'toSorted':
    case 'reverse':
    case 'toReversed':
    case 'flat':
    case 'values':
      return only(name === 'flat' && isKnown ? list.flat() : list)
    case 'at':
      return isKnown ? elements.map((value) => ({ value, when: ALWAYS })).slice(0, 1) : undefined
    case 'join':
    case 'includes':
      if (!isKnown || !list.every(isConstant)) return undefined
      return under(
        only(name === 'join' ? list.join(first === undefined ? ',' : String(work)) : undefined),
        ALWAYS,
      ).map((one) => (name === 'join' ? one : { ...one, value: unknownResult(frame.check, node) }))
    case 'some':
    case 'every':
    case 'find':
    case 'entries':
      if (work instanceof Closure) for (const element of elements.slice(0, 1)) call(work, element)
      return name === 'entries' && isKnown
        ? only(list.map((element, i) => [i, element]))
        : only(unknownResult(frame.check, node))
    default:
      return undefined
  }
}
