import { sentenceOf } from "./api.ts";
import { fill, h, notice } from "./dom.ts";
import { Identity } from "./identity.ts";

/** Asks for an API key or a token; resolves once the server takes it. */
export function signIn(main: HTMLElement): Promise<Identity> {
  return new Promise((resolve) => {
    const token = h("input", { type: "password", name: "token", required: true, autocomplete: "current-password", spellcheck: "false" });
    const problem = h("div", {});
    const submit = h("button", {}, "Sign in");
    const onsubmit = async (event: Event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        const identity = await Identity.signIn(token.value.trim());
        token.value = "";
        resolve(identity);
      } catch (error) {
        fill(problem, notice(sentenceOf(error), "error"));
        token.focus();
      }
      submit.disabled = false;
    };
    const hint = h(
      "p",
      { class: "quiet" },
      "Whoever runs this server makes keys. The browser keeps it in a cookie that no script can read.",
    );
    const form = h(
      "form",
      { class: "sign-in card", onsubmit },
      h("h1", {}, "Sign in"),
      h("label", {}, "API key or token", token),
      submit,
      problem,
      hint,
    );
    fill(main, form);
    token.focus();
  });
}
