import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../simulation/seeded-random.js'
import { Forest } from '../forest.js'
import { GROWTHS, growTree } from './grown-tree.js'
import type { CaseReport } from './measure-case.js'

const folder = mkdtempSync(join(tmpdir(), 'fokos-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

const shape = { roots: 16, fanout: 4 }

describe('the bench of the topology', () => {
  it('measures trees of the sizes it is told, and writes what it has measured', async () => {
    const json = join(folder, 'report.json')
    const script = fileURLToPath(new URL('./measure.ts', import.meta.url))
    const sizes = ['--partitions', '100,2000', '--promoted', '0,50']
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      script,
      ...sizes,
      '--quick',
      '--json',
      json,
    ])
    expect(stdout).toContain(process.version)
    expect(stdout).toContain('2,000 skewed, 50 promoted')
    const reports = JSON.parse(readFileSync(json, 'utf8')) as CaseReport[]
    expect(reports.map(({ partitions, shape, promoted }) => [partitions, shape, promoted])).toEqual(
      [100, 2_000].flatMap((partitions) =>
        GROWTHS.flatMap((growth) => [0, 50].map((promoted) => [partitions, growth, promoted])),
      ),
    )
    for (const { partitions, promoted, hops, ...report } of reports) {
      const header = 28 + 2 + (partitions < 128 ? 1 : 2)
      expect(report.encodedBytes).toBe(header + Math.ceil(partitions / 8))
      expect(report.clientBytes).toBe(8 * Math.ceil(partitions / 32))
      expect(report.measuredBytes).toBeGreaterThan(0)
      expect(report.lookupsPerSecond).toBeGreaterThan(1_000)
      expect(report.falsePositiveRate).toBeLessThanOrEqual(promoted === 0 ? 0 : 0.012)
      for (const time of ['buildMillis', 'splitMillis', 'decodeMillis', 'filterDecodeMillis'] as const) {
        expect(report[time]).toBeGreaterThan(0)
      }
      // Who knows all asks the owner; who does not asks somebody above it.
      expect(hops.none.children.mean).toBeGreaterThan(hops.half.children.mean)
      expect(hops.half.children.mean).toBeGreaterThan(hops.current.children.mean)
      expect(hops.current.children.most).toBe(1)
      expect(hops.none.children.most).toBeGreaterThan(2)
      expect(hops.half.snapshot.most).toBe(2)
      expect(hops.none.snapshot.most).toBe(2)
    }
  })

  it.each(GROWTHS)('grows trees that are %s, by splits of what is there, each once', (growth) => {
    const { splits } = growTree(growth, shape, 2_000, new SeededRandom(1))
    expect(splits.length).toBe(496)
    let forest = Forest.of(shape)
    for (const path of splits) {
      const grown = forest.split(path)
      expect(grown.partitions).toBe(forest.partitions + 4)
      forest = grown
    }
  })

  it('grows trees that are uniform to one level, and skewed ones far down', () => {
    const depths = GROWTHS.map((growth) => {
      const { splits } = growTree(growth, shape, 20_000, new SeededRandom(1))
      return Math.max(...splits.map(({ length }) => length + 1))
    })
    // 16 + 64 + 256 + 1,024 + 4,096 + 16,384 are 21,840 in six levels.
    expect(depths).toEqual([6, 24])
  })
})
