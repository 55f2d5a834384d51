/** A real disk that really fills up: a small tmpfs, mounted for one test. Only root may mount. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly path: string
  dispose(): void
}

/** Why there can be none here; false when there can. */
export function smallDiskMissing(): string | false {
  if (process.platform !== 'linux') return `tmpfs is a feature of Linux, this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'only root may mount a small disk'
  try {
    smallDisk(1).dispose()
    return false
  } catch {
    return 'mounting is not allowed here'
  }
}

export function smallDisk(mebibytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'weir-small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'weir-test', path], { stdio: 'pipe' })
  } catch (error) {
    rmSync(path, { recursive: true })
    throw error
  }
  return {
    path,
    dispose() {
      execFileSync('umount', [path], { stdio: 'pipe' })
      rmSync(path, { recursive: true })
    },
  }
}
