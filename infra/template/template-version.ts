/**
 * Version of the stamp template. Raised with every change of what it renders: patch where running stamps only get updated
 * resources, minor where resources come or go, major where something must be replaced that holds data.
 */
export const templateVersion = '0.2.1';
