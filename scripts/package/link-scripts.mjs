// The packager's own scripts, with one change: /usr/bin/bellows is the command line, which opens the app without a command.

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the packager fills them in.
const PROGRAM = "'/opt/${sanitizedProductName}/${executable}'";
const COMMAND = "'/opt/${sanitizedProductName}/resources/bin/${executable}'";
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: up to here.

/** How often each of them names what /usr/bin/bellows leads to. */
export const LINKS = { "after-install.tpl": 3, "after-remove.tpl": 1 };

/** `template`: app-builder-lib's file of that name. Throws when it links in another way than it used to. */
export function linkScript(name, template) {
  const parts = template.split(PROGRAM);
  if (parts.length - 1 !== LINKS[name])
    throw new Error(
      `electron-builder's ${name} names the program ${parts.length - 1} times, not ${LINKS[name]}.`,
    );
  return parts.join(COMMAND);
}
