import { processCommand, USUAL_BASE_KIB } from "./command.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { PluginProcess } from "./process.ts";
import type { Warden } from "./warden.ts";

/** As good as none. */
const NO_LIMIT_KIB = 1024 * 1024 * 1024;
/** Two empty processes are not quite alike. */
const MARGIN_KIB = 16 * 1024;

/** Starts a process with an empty module and sees what it takes on this machine of the limit of memory; the usual where that cannot be seen. */
export async function measureBaseKib(runtimeDir: string, warden: Warden): Promise<number> {
  const granted = { net: [], env: [], data: false, capabilities: [], rooms: [] };
  const process = new PluginProcess({
    ...{ name: "empty", limits: DEFAULT_LIMITS, warden },
    code: { text: "export default {};", language: "typescript" },
    command: processCommand({ granted, limits: DEFAULT_LIMITS, env: {} }, { runtimeDir, baseKib: NO_LIMIT_KIB }),
    onLog() {},
  });
  try {
    await process.ready;
    const bytes = await warden.dataBytes(process.pid);
    return bytes === undefined ? USUAL_BASE_KIB : Math.max(USUAL_BASE_KIB, Math.ceil(bytes / 1024) + MARGIN_KIB);
  } catch {
    // Whatever is in the way is told where a plugin needs to be started.
    return USUAL_BASE_KIB;
  } finally {
    process.kill();
    await process.ended;
  }
}
