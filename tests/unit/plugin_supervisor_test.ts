import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/core/errors.ts";
import type { RunnerState } from "../../src/plugin/runner.ts";
import { type SupervisionOptions, Supervisor } from "../../src/plugin/supervision/supervisor.ts";

/** A supervisor, what it told, and how often it began again; `waitFor` waits for a state. */
function supervise(options: SupervisionOptions, restart: () => Promise<void> = () => Promise.resolve()) {
  const states: RunnerState[] = [];
  const waiting: { readonly state: string; go(): void }[] = [];
  let restarts = 0;
  let disabled = 0;
  const supervisor = new Supervisor("tried", {
    onState(state) {
      states.push(state);
      waiting.filter((waiter) => waiter.state === state.state).forEach((waiter) => waiter.go());
    },
    restart: () => (restarts++, restart()),
    disable: () => void disabled++,
  }, options);
  const waitFor = (state: string) => new Promise<void>((go) => waiting.push({ state, go }));
  return { supervisor, states, waitFor, counts: () => ({ restarts, disabled }) };
}

Deno.test("Supervisor: begins at once after the first fault, and after a pause after the next", async () => {
  const { supervisor, states, waitFor, counts } = supervise({ pauseMs: 200 });
  await supervisor.start();
  let again = waitFor("enabled");
  supervisor.failed("It crashed");
  supervisor.admit();
  await again;
  again = waitFor("enabled");
  supervisor.failed("It crashed again");
  const error = assertThrows(() => supervisor.admit(), ChatError, "is being restarted");
  assertEquals(error.code, "unavailable");
  assert(error.retryAfterMs! > 0 && error.retryAfterMs! <= 200);
  await again;
  supervisor.admit();
  assertEquals(states.map(({ state }) => state), ["enabled", "failing", "enabled", "failing", "enabled"]);
  assertEquals(counts(), { restarts: 3, disabled: 0 });
  supervisor.close();
  assertThrows(() => supervisor.admit(), ChatError, "was stopped");
});

Deno.test("Supervisor: disables for good after so many faults in a row, and good calls in between count", () => {
  const { supervisor, states, counts } = supervise({ pauseMs: 0, disableAfter: 3, forgiveAfterCalls: 2 });
  for (let round = 0; round < 5; round++) {
    supervisor.failed("It crashed");
    supervisor.succeeded();
    supervisor.succeeded();
  }
  assert(states.every(({ state }) => state === "failing"));
  for (let fault = 0; fault < 3; fault++) {
    supervisor.failed("It crashed");
    supervisor.succeeded();
  }
  const problem = "It crashed; after 3 failures in a row it is not restarted any more";
  assertEquals(states.at(-1), { state: "disabled", problem });
  const error = assertThrows(() => supervisor.admit(), ChatError);
  assertEquals(error.code, "failed_precondition");
  supervisor.failed("Too late to count");
  assertEquals(counts().disabled, 1);
});

Deno.test("Supervisor: a fault long after the last one is the first again", async () => {
  const { supervisor, states } = supervise({ pauseMs: 0, disableAfter: 2, forgiveAfterMs: 5 });
  supervisor.failed("It crashed");
  await new Promise((go) => setTimeout(go, 20));
  supervisor.failed("It crashed");
  assertEquals(states.map(({ state }) => state).filter((state) => state !== "enabled"), ["failing", "failing"]);
  supervisor.close();
});

Deno.test("Supervisor: what cannot begin stays failing and is tried again", async () => {
  let refuse = true;
  const tried = supervise({ pauseMs: 1 }, () => {
    if (!refuse) return Promise.resolve();
    refuse = false;
    tried.supervisor.failed("It does not start");
    return Promise.reject(new ChatError("unavailable", "It does not start"));
  });
  const enabled = tried.waitFor("enabled");
  await tried.supervisor.start();
  assertEquals(tried.states, [{ state: "failing", problem: "It does not start" }]);
  await enabled;
  tried.supervisor.close();
});
