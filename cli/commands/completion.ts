import { Argument, type Command } from "commander";
import type { Io } from "../context.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

export function registerCompletion(program: Command, io: Io): void {
  program
    .command("completion")
    .description("print a shell's completion script")
    .addArgument(new Argument("<shell>").choices(shells))
    .addHelpText(
      "after",
      '\nbash: eval "$(wm completion bash)" in ~/.bashrc\nzsh:  eval "$(wm completion zsh)" in ~/.zshrc\nfish: wm completion fish > ~/.config/fish/completions/wm.fish',
    )
    .action((shell: Shell) => {
      io.stdout(shell === "fish" ? fishScript(program) : bashScript(program, shell));
    });
}

/** The words that may follow each command, by its path: "" for `wm`, "events resend", ... */
function wordsByCommand(command: Command, path = ""): Map<string, string[]> {
  const words = [
    ...command.commands.map((one) => one.name()),
    ...command.options.map(({ long }) => long ?? ""),
    "--help",
  ].filter(Boolean);
  const found = new Map([[path, words]]);
  for (const one of command.commands) {
    const inner = path === "" ? one.name() : `${path} ${one.name()}`;
    for (const [name, list] of wordsByCommand(one, inner)) found.set(name, list);
  }
  return found;
}

/** zsh runs bash's script, with its own emulation of it. */
function bashScript(program: Command, shell: "bash" | "zsh"): string {
  const cases = [...wordsByCommand(program)].map(
    ([path, words]) => `    "${path}") words="${words.join(" ")}" ;;`,
  );
  const setup =
    shell === "zsh"
      ? "autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\n"
      : "";
  return `${setup}_wm() {
  local cmd="" words="" index word next
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    next="\${cmd:+$cmd }$word"
    case "$next" in
${[...wordsByCommand(program).keys()]
  .filter(Boolean)
  .map((path) => `      "${path}") cmd="$next" ;;`)
  .join("\n")}
    esac
  done
  case "$cmd" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _wm wm
`;
}

function fishScript(program: Command): string {
  const lines = ["complete -c wm -f"];
  for (const [path, words] of wordsByCommand(program)) {
    const seen = path.split(" ").filter(Boolean);
    const condition =
      seen.length === 0
        ? "__fish_use_subcommand"
        : seen.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ");
    for (const word of words) {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
      lines.push(`complete -c wm -n "${condition}" ${what}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
