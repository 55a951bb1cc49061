/** How a command asks for what another region keeps; nothing for the one that answers. */
export const regionOption = (region: string | undefined): string => (region === undefined ? '' : ` --region ${region}`);
