import { errorCatalogue } from '@lapidary/kernel/error-catalogue';

/** docs/reference/errors.md from the catalogue. */
export const errorsPage = (): string => {
  const rows = Object.entries(errorCatalogue).map(
    ([code, e]) => `| \`${code}\` | ${e.status} | ${e.exit} | ${e.retry ? 'yes' : 'no'} | ${e.title} | ${e.check} |`,
  );
  return [
    '# Errors',
    '',
    'HTTP answers are problem+json with these codes; stampctl prints title, code and what to check, and ends with the exit code. "Retry" says',
    'whether the same call may succeed later without anybody changing anything.',
    '',
    '| Code | HTTP | Exit | Retry | Means | Check |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
};
