/** Project of all stamps' stacks; the stack has the stamp's name. Equal to the name in infra/Pulumi.yaml. */
export const projectName = 'lapidary-stamp';
