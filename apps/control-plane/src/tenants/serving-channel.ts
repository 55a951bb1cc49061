/** `?wait=` on creation listens here, told by whoever notes that a stamp holds a tenant. The payload is the tenant's id. */
export const servingChannel = 'lapidary_serving';
