import * as fc from "fast-check";

// That a property fails is all that is asked of a mutant; the shortest history in which it does is not.
fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true });
