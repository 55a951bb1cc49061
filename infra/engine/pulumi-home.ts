import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * PULUMI_HOME is made for each run: the SDK and the CLI write files into it, and runs beside each other would corrupt them
 * (pulumi#8186). Plugins alone are shared, by a link: an AWS plugin has some 800 MB, is baked into the image, and the CLI itself locks
 * each one that it installs. Removing the home removes the link, not what it leads to.
 */
export const pulumiHomeIn = async (directory: string, pluginDir: string | undefined): Promise<string> => {
  const home = join(directory, 'pulumi');
  await mkdir(home, { recursive: true });
  if (pluginDir === undefined) return home;
  // One that can't be made is not there yet and not needed by a run without plugins; the CLI names the plugin that it misses.
  await mkdir(pluginDir, { recursive: true }).catch(() => undefined);
  await symlink(pluginDir, join(home, 'plugins'));
  return home;
};
