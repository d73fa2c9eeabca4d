import { service } from "./service.ts";

export default service("api", "api.example.com");
