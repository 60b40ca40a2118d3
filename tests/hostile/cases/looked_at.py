# mypy: ignore-errors
# ruff: noqa
"""What an object does when it is looked at."""

import time

from .tools import LOG, boom, hostile, logs, shows


@shows("Lying", never=("builtins.dict",))
def test_class_lies():
    class Lying:
        @property
        def __class__(self):
            LOG.append("__class__")
            return dict

    value = Lying()
    boom()


@shows("Raising")
def test_class_raises():
    class Raising:
        @property
        def __class__(self):
            LOG.append("__class__")
            raise RuntimeError

    value = Raising()
    boom()


@shows("Hostile", '"kept": 1')
def test_getattribute_raises_base_exception():
    cls = hostile("__getattribute__", error=GeneratorExit())
    value = cls()
    object.__setattr__(value, "kept", 1)
    boom()


@shows("Hostile")
def test_getattr_answers_everything():
    value = hostile("__getattr__", result=1)()
    boom()


@shows("Hostile")
def test_len_is_negative():
    value = hostile("__len__", result=-1)()
    boom()


@shows("Hostile")
def test_bool_raises():
    value = hostile("__bool__", error=ValueError("ambiguous"))()
    boom()


@shows("Hostile")
def test_eq_and_hash_raise():
    value = hostile("__eq__", error=ValueError("no"), __hash__=logs("__hash__", error=TypeError("no")))()
    holder = [value, value]
    boom()


@shows("Hostile")
def test_iter_never_ends():
    value = hostile("__iter__", result=iter(int, 1))()
    boom()


@shows("Lazy", never=('"expensive"',))
def test_property_is_expensive():
    class Lazy:
        @property
        def expensive(self):
            LOG.append("property")
            time.sleep(1000)

    value = Lazy()
    boom()


@shows("Fake", never=("never",))
def test_dict_is_a_property_of_the_class():
    class Fake:
        @property
        def __dict__(self):
            LOG.append("__dict__")
            return {"never": 1}

    value = Fake()
    boom()


@shows("Slotted", '"first": 1', never=("second",))
def test_slots_are_read_where_they_are_set():
    class Slotted:
        __slots__ = ("first", "second")

    value = Slotted()
    value.first = 1
    boom()


@shows('"kept": 1')
def test_slots_and_a_hostile_descriptor():
    class Descriptor:
        __get__ = logs("__get__", error=ValueError("no"))

    class Mixed:
        __slots__ = ("__dict__", "kept")
        other = Descriptor()

    value = Mixed()
    value.kept = 1
    boom()


@shows("Odd")
def test_metaclass_is_hostile():
    class Meta(type):
        __instancecheck__ = logs("__instancecheck__", error=RuntimeError())
        __subclasscheck__ = logs("__subclasscheck__", error=RuntimeError())
        __repr__ = logs("__repr__", error=RuntimeError())
        __hash__ = logs("__hash__", error=RuntimeError())
        __eq__ = logs("__eq__", error=RuntimeError())
        __getattribute__ = logs("__getattribute__", error=RuntimeError())

    Odd = Meta("Odd", (), {})
    value = Odd.__call__() if False else type.__call__(Odd)
    boom()


@shows("Typed", '"name": 1')
def test_class_body_shadows_names():
    class Typed:
        __module__ = 42
        __name__ = "other"

    value = Typed()
    value.name = 1
    boom()


@shows("numpy.ndarray", never=("dtype",))
def test_class_pretends_to_be_of_a_library():
    value = type("ndarray", (), {"__module__": "numpy", "shape": property(logs("shape"))})()
    boom()
