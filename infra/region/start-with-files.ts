/**
 * What starts a program in a container: a secret that it takes from a file is written to the one place that may be written to, and leaves the environment.
 * `files`: by the variables that the secrets come in.
 */
export const startWithFiles = (files: Readonly<Record<string, string>>, script: string): string =>
  [
    'umask 077',
    ...Object.entries(files).flatMap(([variable, file]) => [`printf %s "$${variable}" > ${file}`, `unset ${variable}`]),
    `exec node --enable-source-maps ${script}`,
  ].join(' && ');
