"""Whether a key has something alive."""

from fakefal.engine.liveness import is_idle
from tests.building import ANY_LLM, make_call, make_tenant


def test_a_tenant_is_idle_only_without_anything_alive() -> None:
    tenant = make_tenant()
    assert is_idle(tenant)
    job = tenant.submit(make_call())
    assert not is_idle(tenant)
    for _ in range(2):
        tenant.status(ANY_LLM, job.id, with_logs=False)
    assert not is_idle(tenant)
    tenant.result(ANY_LLM, job.id)
    assert is_idle(tenant)
    tenant.close_callbacks.add(lambda: None)
    assert not is_idle(tenant)
