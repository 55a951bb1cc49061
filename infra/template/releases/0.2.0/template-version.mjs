// infra/template/template-version.ts
/**
* Version of the stamp template. Raised with every change of what it renders: patch where running stamps only get updated
* resources, minor where resources come or go, major where something must be replaced that holds data.
*/
const templateVersion = "0.2.0";
export { templateVersion as t };
